/* The `openai` package with what is no text: files, sound, images, vectors; and forms as they stand on the wire. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import OpenAI, { NotFoundError, toFile } from "openai";
import { WAV, parseForm } from "./answers.mjs";
import { send } from "./client.mjs";
import { Mock } from "./mock.mjs";
import { Sluice, stopAll } from "./sluice.mjs";

const KEY = "sk-proj-caller-0123456789";

let mock, plain, sluice, client;

before(async () => {
  mock = await Mock.start();
  plain = await Mock.start();
  sluice = await Sluice.start({
    providers: {
      openai: { base_url: mock.url, models: ["whisper-1", "tts-1", "emb-1", "img-1"] },
      local: { base_url: `${plain.origin}/api/v1`, models: ["llama-3"] },
    },
  });
  client = new OpenAI({ apiKey: KEY, baseURL: sluice.url, maxRetries: 0 });
});

beforeEach(() => {
  mock.reset();
  plain.reset();
});

after(() => stopAll(sluice, mock, plain));

describe("files", () => {
  test("upload, list, retrieve, content, delete", async () => {
    const bytes = Buffer.concat([WAV, Buffer.alloc(300000, 7), WAV]);
    const file = await client.files.create({
      file: await toFile(bytes, "größe.jsonl"),
      purpose: "batch",
    });
    assert.equal(file.bytes, bytes.length);
    const part = (await parseForm(mock.last)).find(({ name }) => name === "file");
    assert.ok(part.body.equals(bytes), "the file's bytes");
    assert.equal(part.filename, "größe.jsonl");
    assert.equal(mock.last.header("authorization"), `Bearer ${KEY}`);

    const listed = [];
    for await (const each of client.files.list({ purpose: "batch" })) listed.push(each.id);
    assert.deepEqual(listed, ["file-1"]);
    assert.equal(mock.last.path, "/v1/files?purpose=batch");

    assert.equal((await client.files.retrieve("file-1")).purpose, "batch");
    const content = await client.files.content("file-1");
    assert.ok(Buffer.from(await content.arrayBuffer()).equals(WAV));
    assert.equal(mock.last.path, "/v1/files/file-1/content");
    assert.equal((await client.files.delete("file-1")).deleted, true);
    assert.equal(mock.last.method, "DELETE");
  });

  test("x-gateway-provider chooses the provider and stays here", async () => {
    const headers = { "x-gateway-provider": "local" };
    await client.files.retrieve("file-1", { headers });
    assert.equal(plain.last.path, "/api/v1/files/file-1");
    assert.ok(!plain.last.has("x-gateway-provider"));
    assert.equal(mock.requests.length, 0);
  });

  test("an unknown provider is said to be so", async () => {
    const headers = { "x-gateway-provider": "nobody" };
    await assert.rejects(client.files.retrieve("file-1", { headers }), NotFoundError);
    assert.equal(mock.requests.length + plain.requests.length, 0);
  });
});

describe("audio, images, embeddings", () => {
  test("speech bytes", async () => {
    const spoken = await client.audio.speech.create({
      model: "tts-1",
      voice: "alloy",
      input: "hi",
    });
    assert.ok(Buffer.from(await spoken.arrayBuffer()).equals(WAV));
    assert.equal(spoken.headers.get("content-type"), "audio/wav");
  });

  const file = Buffer.concat([
    WAV,
    Buffer.alloc(200000, 0x2d),
    Buffer.from("\r\n--not the boundary\r\n"),
    WAV,
  ]);
  for (const [label, order] of [
    ["model first", ["model", "file"]],
    ["file first", ["file", "model"]],
  ])
    for (const model of ["whisper-1", "openai::whisper-1"])
      test(`transcription, ${label}, ${model}`, async () => {
        const values = { model, file: await toFile(file, "a.wav") };
        const ordered = Object.fromEntries(order.map((name) => [name, values[name]]));
        const { text } = await client.audio.transcriptions.create(ordered);
        assert.equal(text, `whisper-1 heard ${file.length} bytes`);
        const parts = await parseForm(mock.last);
        assert.deepEqual(
          parts.map(({ name }) => name),
          order,
        );
        assert.ok(parts.find(({ name }) => name === "file").body.equals(file));
      });

  test("a form's bytes stay what they were, but for the prefix", async () => {
    const form = (model) =>
      `--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nX-Odd: 1\r\n\r\n--C\r\n` +
      `\r\n--B\r\ncontent-disposition:form-data; name=model\r\n\r\n${model}\r\n--B--\r\n`;
    const headers = { "Content-Type": 'multipart/form-data; boundary="B"' };
    const path = "/v1/audio/transcriptions";
    const answer = await send(sluice.port, {
      method: "POST",
      path,
      headers,
      body: form("openai::whisper-1"),
    });
    assert.equal(answer.status, 200);
    assert.equal(await mock.last.text(), form("whisper-1"));
    assert.equal(mock.last.header("content-type"), 'multipart/form-data; boundary="B"');
  });

  for (const [label, edit, code] of [
    ["a preamble", (form) => `preamble\r\n${form}`, "invalid_form"],
    ["an epilogue", (form) => `${form}epilogue`, "invalid_form"],
    ["no end", (form) => form.slice(0, -8), "invalid_form"],
    ["two models", (form) => form.slice(0, -7) + form, "invalid_form"],
  ])
    test(`a form with ${label}, which two readers could take for two forms, is refused`, async () => {
      const form =
        '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--B--\r\n';
      const headers = { "Content-Type": "multipart/form-data; boundary=B" };
      const path = "/v1/audio/transcriptions";
      const answer = await send(sluice.port, { method: "POST", path, headers, body: edit(form) });
      assert.equal(answer.status, 400);
      assert.equal(answer.json().error.code, code);
    });

  test("a form without a model is refused", async () => {
    const body = '--B\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--B--\r\n';
    const headers = { "Content-Type": "multipart/form-data; boundary=B" };
    const answer = await send(sluice.port, {
      method: "POST",
      path: "/v1/audio/transcriptions",
      headers,
      body,
    });
    assert.equal(answer.status, 400);
    assert.equal(answer.json().error.code, "invalid_model");
    assert.equal(mock.requests.length, 0);
  });

  test("an image", async () => {
    const { data } = await client.images.generate({ model: "img-1", prompt: "a cat" });
    assert.equal(Buffer.from(data[0].b64_json, "base64").toString(), "image of a cat");
  });

  test("embeddings, as floats and in base64", async () => {
    for (const encoding_format of ["float", undefined]) {
      const { data } = await client.embeddings.create({
        model: "emb-1",
        input: ["ab", "cde"],
        encoding_format,
      });
      assert.deepEqual(
        data.map(({ embedding }) => [...embedding]),
        [
          [2, 0.25, -0.5],
          [3, 0.25, -0.5],
        ],
      );
    }
  });

  test("rerank", async () => {
    const answer = await client.post("/rerank", {
      body: { model: "llama-3", query: "q", documents: ["a", "b"] },
    });
    assert.deepEqual(
      answer.results.map(({ index }) => index),
      [0, 1],
    );
    assert.equal(plain.last.path, "/api/v1/rerank");
  });
});

/* Conversations as in translate_clients.mjs, through Vercel's `ai` and through LangChain. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { ChatAnthropic } from "@langchain/anthropic";
import { HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { Output, generateText, jsonSchema, streamText, tool } from "ai";
import {
  AnthropicMessages,
  OpenaiChat,
  OpenaiResponses,
  Talk,
  dataUrl,
  finishOf,
  given,
} from "./translate_clients.mjs";
import { KEY } from "./translate_mocks.mjs";

const MAX = 4096;
const BUDGET = 2048;

/* ---- ai ---- */

class Vercel extends Talk {
  addUser(parts) {
    const content = parts.map(({ text, image, document }) => {
      if (image)
        return given({
          type: "image",
          image: image.url ? new URL(image.url) : image.data,
          mediaType: image.mime,
        });
      if (!document) return { type: "text", text };
      const { filename, mime, data, url } = document;
      return given({
        type: "file",
        data: url ? new URL(url) : data,
        mediaType: mime ?? "application/pdf",
        filename,
      });
    });
    this.history.push({ role: "user", content });
  }

  addResults(results) {
    const content = results.map(({ id, name, text, error }) => ({
      type: "tool-result",
      toolCallId: id,
      toolName: name,
      output: { type: error ? "error-text" : "text", value: text },
    }));
    this.history.push({ role: "tool", content });
  }

  asked() {
    const { system, tools, choice, max, stop, temperature, schema, signal, headers } = this.options;
    const named = tools?.map(({ name, description, schema: inputSchema }) => [
      name,
      tool({ description, inputSchema: jsonSchema(inputSchema) }),
    ]);
    return given({
      model: this.model(),
      system,
      messages: this.history,
      tools: named && Object.fromEntries(named),
      toolChoice: choice && (choice === "any" ? "required" : { type: "tool", toolName: choice }),
      maxOutputTokens: max,
      stopSequences: stop,
      temperature,
      output: schema && Output.object({ schema: jsonSchema(schema) }),
      providerOptions: this.thinking(),
      headers,
      abortSignal: signal,
      maxRetries: 0,
    });
  }

  async streamed() {
    let failure;
    const result = streamText({
      ...this.asked(),
      onError: ({ error }) => {
        failure ??= error;
      },
    });
    try {
      await result.consumeStream();
      const [text, reasoningText, toolCalls, finishReason, usage, response, content] =
        await Promise.all([
          result.text,
          result.reasoningText,
          result.toolCalls,
          result.finishReason,
          result.usage,
          result.response,
          result.content,
        ]);
      if (failure) throw failure;
      return { text, reasoningText, toolCalls, finishReason, usage, response, content };
    } catch (error) {
      throw failure ?? error;
    }
  }

  async ask() {
    const told = this.options.streamed ? await this.streamed() : await generateText(this.asked());
    this.history.push(...told.response.messages);
    return {
      text: told.text,
      thinking: told.reasoningText ?? "",
      refusal: null,
      calls: told.toolCalls.map(({ toolCallId, toolName, input }) => ({
        id: toolCallId,
        name: toolName,
        args: input,
      })),
      finish: finishOf(told.finishReason),
      usage: {
        input: told.usage.inputTokens,
        read: told.usage.inputTokenDetails.cacheReadTokens,
        output: told.usage.outputTokens,
      },
      headers: new Headers(told.response.headers),
      native: told,
    };
  }
}

class VercelOpenai extends Vercel {
  provider() {
    return createOpenAI({ apiKey: KEY, baseURL: this.sluice.url });
  }

  thinking() {
    const { effort } = this.options;
    return {
      openai: given({
        reasoningEffort: effort,
        reasoningSummary: effort && "auto",
        forceReasoning: effort && true,
        store: false,
      }),
    };
  }
}

export class VercelChat extends VercelOpenai {
  static dialect = "chat";

  model() {
    return this.provider().chat(this.options.model);
  }
}

export class VercelResponses extends VercelOpenai {
  static dialect = "responses";

  model() {
    return this.provider().responses(this.options.model);
  }
}

export class VercelMessages extends Vercel {
  static dialect = "messages";

  model() {
    return createAnthropic({ apiKey: KEY, baseURL: this.sluice.url })(this.options.model);
  }

  thinking() {
    const enabled = { type: "enabled", budgetTokens: BUDGET };
    return {
      anthropic: given({
        thinking: this.options.effort && enabled,
        structuredOutputMode: this.options.schema && "outputFormat",
      }),
    };
  }
}

/* ---- LangChain ---- */

class LangChain extends Talk {
  addUser(parts) {
    if (!this.history.length && this.options.system)
      this.history.push(new SystemMessage(this.options.system));
    const content = parts.map(({ text, image }) => {
      if (image) return { type: "image_url", image_url: { url: image.url ?? dataUrl(image) } };
      return { type: "text", text };
    });
    this.history.push(new HumanMessage({ content }));
  }

  addResults(results) {
    for (const { id, name, text, error } of results)
      this.history.push(
        new ToolMessage({
          content: text,
          tool_call_id: id,
          name,
          status: error ? "error" : "success",
        }),
      );
  }

  async ask() {
    const { tools, choice, signal, stop } = this.options;
    const named = tools?.map(({ name, description, schema }) => ({ name, description, schema }));
    const model = this.model();
    const bound = named ? model.bindTools(named, given({ tool_choice: choice })) : model;
    const options = given({ signal, stop });
    let message;
    if (this.options.streamed)
      for await (const chunk of await bound.stream(this.history, options))
        message = message ? message.concat(chunk) : chunk;
    else message = await bound.invoke(this.history, options);
    this.history.push(message);
    const { usage_metadata: usage, response_metadata: metadata } = message;
    if (!usage) throw new Error("LangChain: a message without an end");
    return {
      text: message.text,
      thinking: this.thoughts(message),
      refusal: message.additional_kwargs.refusal ?? null,
      calls: (message.tool_calls ?? []).map(({ id, name, args }) => ({ id, name, args })),
      finish: this.finish(message, metadata),
      usage: {
        input: usage.input_tokens,
        read: usage.input_token_details?.cache_read,
        output: usage.output_tokens,
      },
      native: message,
    };
  }
}

class LangChainOpenai extends LangChain {
  model() {
    const { model, max, temperature, effort, headers: defaultHeaders } = this.options;
    return new ChatOpenAI(
      given({
        model,
        apiKey: KEY,
        configuration: { baseURL: this.sluice.url, defaultHeaders },
        maxRetries: 0,
        maxTokens: max,
        temperature,
        ...this.kind(effort),
      }),
    );
  }
}

export class LangChainChat extends LangChainOpenai {
  static dialect = "chat";

  kind(effort) {
    return given({ useResponsesApi: false, reasoning: effort && { effort } });
  }

  thoughts(message) {
    return message.additional_kwargs.reasoning_content ?? "";
  }

  finish(message, { finish_reason: reason }) {
    return finishOf(reason);
  }
}

export class LangChainResponses extends LangChainOpenai {
  static dialect = "responses";

  kind(effort) {
    const reasoning = effort && { effort, summary: "auto" };
    return given({ useResponsesApi: true, zdrEnabled: true, reasoning });
  }

  thoughts(message) {
    const summary = message.additional_kwargs.reasoning?.summary ?? [];
    return summary.map(({ text }) => text).join("");
  }

  finish(message, { status, incomplete_details: details }) {
    if (status === "incomplete") return finishOf(details.reason);
    return message.tool_calls?.length ? "tool_use" : "stop";
  }
}

export class LangChainMessages extends LangChain {
  static dialect = "messages";

  model() {
    const { model, max, temperature, effort, headers: defaultHeaders } = this.options;
    return new ChatAnthropic(
      given({
        model,
        apiKey: KEY,
        anthropicApiUrl: this.sluice.origin,
        clientOptions: { defaultHeaders },
        maxRetries: 0,
        maxTokens: max ?? MAX,
        temperature,
        thinking: effort && { type: "enabled", budget_tokens: BUDGET },
        streamUsage: true,
      }),
    );
  }

  thoughts({ content }) {
    if (typeof content === "string") return "";
    const blocks = content.filter(({ type }) => type === "thinking");
    return blocks.map(({ thinking }) => thinking).join("");
  }

  finish({ additional_kwargs: extra }, { stop_reason: reason }) {
    return finishOf(reason ?? extra.stop_reason);
  }
}

/* By what they are called in the tests' names. */
export const CLIENTS = {
  "openai, chat": OpenaiChat,
  "openai, responses": OpenaiResponses,
  "anthropic, messages": AnthropicMessages,
  "ai, chat": VercelChat,
  "ai, responses": VercelResponses,
  "ai, messages": VercelMessages,
  "langchain, chat": LangChainChat,
  "langchain, responses": LangChainResponses,
  "langchain, messages": LangChainMessages,
};

/*
 * Keys and certificates made on the spot, by the openssl command, as PEM files in a temporary folder.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const DAY_MS = 24 * 60 * 60 * 1000;

/* What `openssl ca` needs to let times in the past be asked for. */
const CONFIG = `[ca]
default_ca = made
[made]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
`;

/* "20300102030405Z", so many days from now. */
const time = (days) =>
  `${new Date(Date.now() + days * DAY_MS).toISOString().replace(/[-:T]|\..*/g, "")}Z`;

export class Certs {
  static async start() {
    const certs = new Certs();
    certs.folder = await mkdtemp(path.join(tmpdir(), "sluice-certs-"));
    await writeFile(path.join(certs.folder, "ca.cnf"), CONFIG);
    await writeFile(path.join(certs.folder, "index.txt"), "");
    return certs;
  }

  /* A certificate signed by itself: an authority, or, with `names`, what vouches for no one but itself.
   * @param names  "DNS:a,IP:b" */
  async own(stem, names) {
    const extension = names ? ["-addext", `subjectAltName=${names}`] : [];
    const subject = ["-days", "2", "-subj", `/CN=sluice e2e ${stem}`];
    const files = ["-keyout", `${stem}.key`, "-out", `${stem}.crt`];
    await this.#openssl("req", "-x509", ...KEY, ...subject, ...extension, ...files);
    return this.#read(stem);
  }

  /* One for `names`, signed by `authority`. Asked again for a stem, it replaces the files: a renewal.
   * @param days  from when to when it is valid, counted from now */
  async issue(stem, names, authority, days = [-1, 2]) {
    const subject = ["-subj", `/CN=sluice e2e ${stem}`, "-addext", `subjectAltName=${names}`];
    const asked = ["-keyout", `${stem}.key`, "-out", `${stem}.csr`];
    await this.#openssl("req", "-new", ...KEY, ...subject, ...asked);
    const signer = ["-cert", authority.certFile, "-keyfile", authority.keyFile];
    const dates = ["-startdate", time(days[0]), "-enddate", time(days[1])];
    const files = ["-in", `${stem}.csr`, "-out", `${stem}.crt`, "-notext"];
    await this.#openssl("ca", "-batch", "-config", "ca.cnf", ...signer, ...dates, ...files);
    return this.#read(stem);
  }

  #openssl(...words) {
    return run("openssl", words, { cwd: this.folder });
  }

  async #read(stem) {
    const keyFile = path.join(this.folder, `${stem}.key`);
    const certFile = path.join(this.folder, `${stem}.crt`);
    return { keyFile, certFile, key: await readFile(keyFile), cert: await readFile(certFile) };
  }

  stop() {
    return rm(this.folder, { recursive: true, force: true });
  }
}

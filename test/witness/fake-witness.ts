import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openCheckpoint } from '../../src/ledger/log/checkpoint.ts';
import type { Hash } from '../../src/ledger/log/hash.ts';
import { verifyConsistency } from '../../src/ledger/log/merkle-proof.ts';
import { type VerifierKey, verifierKey } from '../../src/ledger/log/note.ts';

/** A witness's key, and its cosignature/v1 lines (C2SP tlog-cosignature). */
export function cosigner(name: string): { readonly vkey: string; sign(text: string, time?: number): string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const key = Buffer.concat([Buffer.from([4]), raw]);
  const id = createHash('sha256').update(`${name}\n`).update(key).digest().subarray(0, 4);
  return {
    vkey: `${name}+${id.toString('hex')}+${key.toString('base64')}`,
    sign(text, time = Math.floor(Date.now() / 1000)) {
      const stamp = Buffer.alloc(8);
      stamp.writeBigUInt64BE(BigInt(time));
      const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), privateKey);
      return `— ${name} ${Buffer.concat([id, stamp, signature]).toString('base64')}\n`;
    },
  };
}

/** A witness after C2SP tlog-witness, for what a real one cannot be made to do: to lie, to be slow, to forget. */
export class FakeWitness {
  readonly name = 'witness.example/w1';
  readonly vkey: string;
  /** What it cosigned last, by origin. */
  readonly seen = new Map<string, { size: number; root: Hash }>();
  requests = 0;
  /** Answers in place of the protocol's: status, type, body. */
  instead: { status: number; type?: string; body: string } | null = null;
  /** It does not answer at all. */
  silent = false;
  readonly #server: Server;
  readonly #sign: (text: string) => string;
  readonly #logs = new Map<string, VerifierKey>();

  static async start(): Promise<FakeWitness> {
    const witness = new FakeWitness();
    await new Promise<void>((resolve) => witness.#server.listen(0, '127.0.0.1', resolve));
    return witness;
  }

  private constructor() {
    const { vkey, sign: cosign } = cosigner(this.name);
    this.vkey = vkey;
    this.#sign = cosign;
    this.#server = createServer((request, response) => {
      this.requests += 1;
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        if (this.silent) return;
        const { status, type, body } =
          this.instead ?? this.#answer(request.url ?? '', Buffer.concat(pieces).toString());
        response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/w`;
  }

  /** Makes a log known. */
  know(vkey: string): void {
    const key = verifierKey(vkey);
    this.#logs.set(key.name, key);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(url: string, body: string): { status: number; type?: string; body: string } {
    if (url !== '/w/add-checkpoint') return { status: 404, body: '' };
    const [head = '', ...rest] = body.split('\n\n');
    const note = rest.join('\n\n');
    const [old = '', ...lines] = head.split('\n');
    const oldSize = Number(/^old (0|[1-9]\d*)$/.exec(old)?.[1] ?? Number.NaN);
    const origin = note.slice(0, note.indexOf('\n'));
    const key = this.#logs.get(origin);
    if (!key) return { status: 404, body: '' };
    const checkpoint = openCheckpoint(note, key);
    const before = this.seen.get(origin) ?? { size: 0, root: null };
    if (oldSize !== before.size) return { status: 409, type: 'text/x.tlog.size', body: `${before.size}\n` };
    if (before.root !== null && before.size > 0) {
      try {
        const proof = lines.map((line) => Buffer.from(line, 'base64'));
        verifyConsistency(before.size, before.root, checkpoint.size, checkpoint.root, proof);
      } catch {
        return { status: 422, body: '' };
      }
    }
    this.seen.set(origin, { size: checkpoint.size, root: checkpoint.root });
    return { status: 200, body: this.#sign(checkpoint.note.text) };
  }
}

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import canonicalize from 'canonicalize';

/** An entry of a transparency log as a bundle carries it (protobuf JSON of dev.sigstore.rekor.v1.TransparencyLogEntry). */
export interface LogEntry {
  logIndex: string;
  logId: { keyId: string };
  kindVersion: { kind: string; version: string };
  integratedTime: string;
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: {
    logIndex: string;
    rootHash: string;
    treeSize: string;
    hashes: string[];
    checkpoint: { envelope: string };
  };
  canonicalizedBody: string;
}

/** What is logged: `body.kind` and `body.apiVersion` say how it is read. */
export interface LogBody {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: object;
}

export interface Logging {
  readonly time: Date;
  /** With a signed entry timestamp. Only a log of version 1 gives one. */
  readonly promise: boolean;
  /** With an inclusion proof and a checkpoint. */
  readonly proof: boolean;
}

/**
 * A transparency log, as Rekor's answers show it: of version 1 (ECDSA, signed entry timestamps) or 2 (Ed25519, proofs
 * alone, no time). The mock's own has trees of one leaf, whose proofs are empty; here each entry is the third leaf
 * of five, so that a proof has three hashes, on both sides.
 */
export class TransparencyLog {
  readonly baseUrl: string;
  readonly keyId: Buffer;
  readonly #version: 1 | 2;
  readonly #privateKey: KeyObject;
  readonly #spki: Buffer;
  #entries = 0;

  constructor(baseUrl: string, version: 1 | 2) {
    const { privateKey, publicKey } =
      version === 1 ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
    this.baseUrl = baseUrl;
    this.#version = version;
    this.#privateKey = privateKey;
    this.#spki = publicKey.export({ format: 'der', type: 'spki' });
    this.keyId = sha256(this.#spki);
  }

  /** The log in a trusted root (TransparencyLogInstance). */
  instance(start: Date): object {
    return {
      baseUrl: this.baseUrl,
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: this.#spki.toString('base64'),
        keyDetails: this.#version === 1 ? 'PKIX_ECDSA_P256_SHA_256' : 'PKIX_ED25519',
        validFor: { start: start.toISOString() },
      },
      logId: { keyId: this.keyId.toString('base64') },
    };
  }

  record(body: LogBody, { time, promise, proof }: Logging): LogEntry {
    const bytes = Buffer.from(canonicalize(body) ?? '');
    const seconds = this.#version === 1 ? Math.floor(time.getTime() / 1000) : 0;
    const logIndex = this.#version === 1 ? 1_000_000 + this.#entries++ : LEAF;
    return {
      logIndex: String(logIndex),
      logId: { keyId: this.keyId.toString('base64') },
      kindVersion: { kind: body.kind, version: body.apiVersion },
      integratedTime: String(seconds),
      ...(promise && { inclusionPromise: { signedEntryTimestamp: this.#promise(bytes, seconds, logIndex) } }),
      ...(proof && { inclusionProof: this.#proof(bytes) }),
      canonicalizedBody: bytes.toString('base64'),
    };
  }

  /** A signed note over a tree of this size and root, by this log. */
  checkpoint(treeSize: number, rootHash: Buffer): string {
    const { host } = new URL(this.baseUrl);
    const note = `${host}\n${treeSize}\n${rootHash.toString('base64')}\n`;
    const signature = Buffer.concat([this.keyId.subarray(0, 4), this.#sign(Buffer.from(note))]);
    return `${note}\n— ${host} ${signature.toString('base64')}\n`;
  }

  #promise(body: Buffer, integratedTime: number, logIndex: number): string {
    const payload = {
      body: body.toString('base64'),
      integratedTime,
      logIndex,
      logID: this.keyId.toString('hex'),
    };
    return this.#sign(Buffer.from(canonicalize(payload) ?? '')).toString('base64');
  }

  /** RFC 6962, section 2.1: the entry is leaf 2 of five. */
  #proof(body: Buffer): NonNullable<LogEntry['inclusionProof']> {
    const [first, second, fourth, fifth] = [0, 1, 3, 4].map(() => leafHash(randomBytes(16)));
    if (!first || !second || !fourth || !fifth) throw new Error('four leaves');
    const left = nodeHash(first, second);
    const root = nodeHash(nodeHash(left, nodeHash(leafHash(body), fourth)), fifth);
    return {
      logIndex: String(LEAF),
      rootHash: root.toString('base64'),
      treeSize: String(TREE),
      hashes: [fourth, left, fifth].map((hash) => hash.toString('base64')),
      checkpoint: { envelope: this.checkpoint(TREE, root) },
    };
  }

  #sign(data: Buffer): Buffer {
    return sign(this.#version === 1 ? 'sha256' : null, data, this.#privateKey);
  }
}

const LEAF = 2;
const TREE = 5;

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function leafHash(leaf: Uint8Array): Buffer {
  return sha256(Buffer.of(0), leaf);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(Buffer.of(1), left, right);
}

/**
 * A TUF repository on loopback, signed with keys that are minted for it. As in Sigstore's own, names carry versions
 * and digests (consistent snapshots), and what lies in a folder is signed by a role that the targets delegate to.
 *
 *   const mirror = await startTufMirror();
 *   mirror.publish({ 'trusted_root.json': root, 'registry.example/keys.json': keys });
 *   await writeFile(path, mirror.firstRoot);      // to start from
 *   mirror.files.set('/timestamp.json', …);       // bytes, or what to answer with
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metadata, MetadataKind, Signature } from '@tufjs/models';

export type Role = 'root' | 'timestamp' | 'snapshot' | 'targets' | 'folders';

export interface Publication {
  /** Of timestamp, snapshot and targets; one more than before. */
  readonly version?: number;
  /** When a role's metadata expires, ISO 8601 without milliseconds; else in 2099. */
  readonly expires?: Partial<Record<Role, string>>;
  /** A key that signs in place of a role's own. */
  readonly signedBy?: Partial<Record<Role, SigningKey>>;
}

export interface SigningKey {
  readonly id: string;
  readonly secret: KeyObject;
  /** As metadata lists it. */
  readonly listed: {
    readonly keytype: string;
    readonly scheme: string;
    readonly keyval: { readonly public: string };
  };
}

export interface TufMirror {
  /** Without a slash at the end. */
  readonly url: string;
  /** Version 1 of its root: what a client is given out of band. */
  readonly firstRoot: Buffer;
  /** Path → what is served there; everything else is 404. */
  readonly files: Map<string, Buffer | ((response: ServerResponse) => void)>;
  /** Answers every request instead of `files`. */
  instead: ((response: ServerResponse) => void) | null;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Signs and serves these targets, in place of those before. */
  publish(targets: Readonly<Record<string, Uint8Array>>, how?: Publication): void;
  /** Publishes the next version of the root, signed by the one before and by itself, with other keys for every role. */
  rotateRoot(how?: { readonly expires?: string; readonly signedBy?: SigningKey }): void;
  close(): Promise<void>;
}

const FAR = '2099-01-01T00:00:00Z';
const ROLES = ['root', 'timestamp', 'snapshot', 'targets', 'folders'] as const;

type Signed = Parameters<typeof Metadata.fromJSON>[1];

export function mintKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  return {
    id: hex(raw),
    secret: privateKey,
    listed: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } },
  };
}

export async function startTufMirror(): Promise<TufMirror> {
  const files: TufMirror['files'] = new Map();
  const asked: string[] = [];
  let keys = mintKeys();
  let rootVersion = 1;
  let version = 0;

  const putRoot = (signers: readonly SigningKey[], expires = FAR) => {
    const roles = ['root', 'timestamp', 'snapshot', 'targets'] as const;
    const root = signed(
      MetadataKind.Root,
      {
        _type: 'root',
        version: rootVersion,
        spec_version: '1.0',
        expires,
        consistent_snapshot: true,
        keys: Object.fromEntries(roles.map((role) => [keys[role].id, keys[role].listed])),
        roles: Object.fromEntries(roles.map((role) => [role, { keyids: [keys[role].id], threshold: 1 }])),
      },
      signers,
    );
    files.set(`/${rootVersion}.root.json`, root);
    return root;
  };
  const firstRoot = putRoot([keys.root]);

  const mirror: TufMirror = {
    url: '',
    firstRoot,
    files,
    instead: null,
    asked,
    publish(targets, how = {}) {
      version = how.version ?? version + 1;
      const by = (role: Role) => [how.signedBy?.[role] ?? keys[role]];
      const common = (role: Role) => ({ version, spec_version: '1.0', expires: how.expires?.[role] ?? FAR });
      const inFolders = (path: string) => path.includes('/');
      const listed = (which: (path: string) => boolean) =>
        Object.fromEntries(
          Object.entries(targets)
            .filter(([path]) => which(path))
            .map(([path, bytes]) => [path, { length: bytes.byteLength, hashes: { sha256: hex(bytes) } }]),
        );
      for (const [path, bytes] of Object.entries(targets)) {
        const at = path.lastIndexOf('/') + 1;
        files.set(`/targets/${path.slice(0, at)}${hex(bytes)}.${path.slice(at)}`, Buffer.from(bytes));
      }
      const delegations = {
        keys: { [keys.folders.id]: keys.folders.listed },
        roles: [
          { name: 'folders', keyids: [keys.folders.id], threshold: 1, terminating: true, paths: ['*/*'] },
        ],
      };
      const top = {
        _type: 'targets',
        ...common('targets'),
        targets: listed((path) => !inFolders(path)),
        delegations,
      };
      files.set(`/${version}.targets.json`, signed(MetadataKind.Targets, top, by('targets')));
      const folders = { _type: 'targets', ...common('folders'), targets: listed(inFolders) };
      files.set(`/${version}.folders.json`, signed(MetadataKind.Targets, folders, by('folders')));
      const meta = { 'targets.json': { version }, 'folders.json': { version } };
      const snapshot = { _type: 'snapshot', ...common('snapshot'), meta };
      files.set(`/${version}.snapshot.json`, signed(MetadataKind.Snapshot, snapshot, by('snapshot')));
      const timestamp = {
        _type: 'timestamp',
        ...common('timestamp'),
        meta: { 'snapshot.json': { version } },
      };
      files.set('/timestamp.json', signed(MetadataKind.Timestamp, timestamp, by('timestamp')));
    },
    rotateRoot(how = {}) {
      const before = keys.root;
      keys = mintKeys();
      rootVersion += 1;
      putRoot([how.signedBy ?? before, keys.root], how.expires);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const file = mirror.instead ?? files.get(path);
    if (typeof file === 'function') file(response);
    else if (file) response.end(file);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(mirror, { url: `http://127.0.0.1:${port}` });
}

function mintKeys(): Record<Role, SigningKey> {
  const [root, timestamp, snapshot, targets, folders] = ROLES.map(mintKey) as [
    SigningKey,
    SigningKey,
    SigningKey,
    SigningKey,
    SigningKey,
  ];
  return { root, timestamp, snapshot, targets, folders };
}

function signed(kind: MetadataKind, body: Signed, signers: readonly SigningKey[]): Buffer {
  const metadata = read(kind, { signed: body, signatures: [] });
  for (const { id, secret } of signers) {
    metadata.sign((data) => new Signature({ keyID: id, sig: sign(null, data, secret).toString('hex') }));
  }
  return Buffer.from(JSON.stringify(metadata.toJSON()));
}

function read(kind: MetadataKind, json: Signed) {
  switch (kind) {
    case MetadataKind.Root:
      return Metadata.fromJSON(kind, json);
    case MetadataKind.Timestamp:
      return Metadata.fromJSON(kind, json);
    case MetadataKind.Snapshot:
      return Metadata.fromJSON(kind, json);
    case MetadataKind.Targets:
      return Metadata.fromJSON(kind, json);
  }
}

function hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

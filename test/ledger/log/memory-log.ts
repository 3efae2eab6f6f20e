import { bundleBytes } from '../../../src/ledger/log/bundle.ts';
import { type OpenCheckpoint, openCheckpoint, signCheckpoint } from '../../../src/ledger/log/checkpoint.ts';
import type { LogSource } from '../../../src/ledger/log/log-source.ts';
import { generateKey, noteBytes, signerKey, verifierKey } from '../../../src/ledger/log/note.ts';
import { TileBuilder } from '../../../src/ledger/log/tile-builder.ts';
import { bundlePath, newBundles, tilePath } from '../../../src/ledger/log/tiles.ts';
import { entryOf, leafOf } from './naive.ts';

/** A log in a map from path to bytes, with a key of its own. */
export interface MemoryLog extends LogSource {
  readonly files: Map<string, Buffer>;
  readonly asked: string[];
  readonly key: ReturnType<typeof verifierKey>;
  readonly signer: ReturnType<typeof signerKey>;
  readonly builder: TileBuilder;
  /** Grows to this size and publishes it. */
  publish(size: number): OpenCheckpoint;
}

export function memoryLog(origin = 'example.com/log/1'): MemoryLog {
  const { skey, vkey } = generateKey(origin);
  const [key, signer] = [verifierKey(vkey), signerKey(skey)];
  const files = new Map<string, Buffer>([['vkey', Buffer.from(`${vkey}\n`)]]);
  const builder = new TileBuilder();
  const asked: string[] = [];
  const publish = (size: number) => {
    for (const { index, width } of newBundles(builder.size, size)) {
      const entries = Array.from({ length: width }, (_, i) => entryOf(index * 256 + i));
      files.set(bundlePath(index, width), bundleBytes(entries));
    }
    while (builder.size < size) builder.append(leafOf(builder.size));
    for (const { tile, bytes } of builder.drain()) files.set(tilePath(tile), bytes);
    const note = noteBytes(signCheckpoint({ origin, size, root: builder.root(), extensions: [] }, signer));
    files.set('checkpoint', Buffer.from(note));
    return openCheckpoint(note, key);
  };
  const read = async (path: string) => {
    asked.push(path);
    return files.get(path) ?? null;
  };
  return { files, asked, key, signer, builder, publish, read };
}

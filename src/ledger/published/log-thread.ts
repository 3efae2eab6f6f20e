import { Thread } from '../sqlite/thread.ts';
import type { Growth, LogExtent, TreeHead } from './log-files.ts';

/** What the thread of a log is started with: the database, the log's folder, and which entries are its own. */
export interface LogThreadData {
  readonly path: string;
  readonly folder: string;
  readonly extent: LogExtent;
}

/** The calls of log-files.ts. */
export type LogThreadCalls = {
  resume(head: TreeHead): Promise<string | null>;
  rootOf(size: number): string;
  rebuild(size: number): TreeHead;
  grow(): Growth;
  publish(files: Readonly<Record<string, string>>): void;
  tidy(from: number, to: number): void;
  withdrawn(from: number, below: number): void;
  olderThan(time: number, from: number, size: number): { readonly place: number; readonly more: boolean };
};

export type LogThread = Thread<LogThreadCalls>;

/** Calls that may wait: each is awaited before the next but for what witnesses bring. */
const CAPACITY = 100;

/** MiB: it holds some megabytes of one growth, and nothing that grows with the log. */
const HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 } as const;

export function startLogThread(data: LogThreadData): Promise<LogThread> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const module = new URL(`./log.thread.${extension}`, import.meta.url);
  return Thread.start<LogThreadCalls>(module, data, CAPACITY, HEAP);
}

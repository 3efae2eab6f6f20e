// The log of `strace -f -yy`: `PID [TIME] call(fd<what it is>, …) = result`, or in two lines, `<unfinished ...>` and
// `<... call resumed>`. A thread that returns from a call is seen before it goes on, so the order of the lines is that
// of cause and effect.

/** One system call on a descriptor. */
export interface Syscall {
  readonly name: string;
  /** What the descriptor is: a path, or `TCP:[127.0.0.1:4880->127.0.0.1:50000]`. */
  readonly on: string;
  readonly text: string;
  /** Line numbers; Infinity where the log ends before it returned. */
  readonly began: number;
  returned: number;
  /** What stands after `=`. */
  result: string;
}

const CALL = /^(\d+)\s+(?:[\d.]+\s+)?(\w+)\(\d+<((?:->|[^<>])*)>(.*)$/;
const RESUMED = /^(\d+)\s+(?:[\d.]+\s+)?<\.\.\. (\w+) resumed>(.*)$/;
const RESULT = /\)\s+= (-?\d+.*)$/;

/** Every call on a descriptor, in the order in which they began. */
export function readSyscalls(log: string): Syscall[] {
  const calls: Syscall[] = [];
  const open = new Map<string, Syscall>();
  for (const [number, line] of log.split('\n').entries()) {
    const resumed = RESUMED.exec(line);
    if (resumed) {
      const [, pid = '', name = '', rest = ''] = resumed;
      const call = open.get(pid);
      if (call?.name === name) finish(call, number, rest);
      open.delete(pid);
      continue;
    }
    const begun = CALL.exec(line);
    if (!begun) continue;
    const [, pid = '', name = '', on = '', text = ''] = begun;
    const call: Syscall = { name, on, text, began: number, returned: Number.POSITIVE_INFINITY, result: '' };
    calls.push(call);
    if (text.endsWith('<unfinished ...>')) open.set(pid, call);
    else finish(call, number, text);
  }
  return calls;
}

function finish(call: Syscall, line: number, rest: string): void {
  call.returned = line;
  call.result = RESULT.exec(rest)?.[1] ?? '';
}

export interface Awaited {
  /** Path of the ledger's write-ahead log. */
  readonly wal: string;
  /** Text that stands in this entry and nowhere else. */
  readonly marker: string;
  /** The client's end of its connection. */
  readonly clientPort: number;
  /** The entry's leaf hash, as the answer's head names it. */
  readonly leaf: string;
}

const WRITES = new Set(['write', 'writev', 'pwrite64', 'sendto', 'sendmsg']);
const SYNCS = new Set(['fdatasync', 'fsync']);

/**
 * What is wrong with the order of an entry and its answer, or null: the entry is written to the WAL, a sync of the
 * WAL that began afterwards has returned 0, and only then the first byte of the answer goes to the client.
 */
export function faultOfOrder(log: string, { wal, marker, clientPort, leaf }: Awaited): string | null {
  const calls = readSyscalls(log);
  const written = calls.find(
    (call) => WRITES.has(call.name) && call.on === wal && call.text.includes(marker),
  );
  if (!written) return 'the entry was not written to the WAL';
  const synced = calls.find(
    (call) => SYNCS.has(call.name) && call.on === wal && call.began > written.returned && call.result === '0',
  );
  if (!synced) return 'the WAL was not synced after the entry was written';
  const client = `->127.0.0.1:${clientPort}]`;
  const answered = calls.find((call) => WRITES.has(call.name) && call.on.endsWith(client));
  if (!answered) return 'nothing was sent to the client';
  if (!answered.text.includes('HTTP/1.1 200') || !answered.text.includes(leaf))
    return 'the answer is another one';
  return synced.returned < answered.began ? null : 'the answer began before the sync had returned';
}

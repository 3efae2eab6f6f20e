import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDoor } from '../../src/api/door.ts';
import type { Asked, AuditPorts } from '../../src/api/ports.ts';
import type { TurnLimits } from '../../src/api/turns.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import type { EntryDraft, Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open.ts';
import { LogPlaces } from '../../src/ledger/published/log-places.ts';
import { type OpenPublishedLog, openPublishedLog } from '../../src/ledger/published/open.ts';
import { publishedLedger } from '../../src/ledger/published/published-ledger.ts';

/** A real ledger with its log in a folder of its own. */
export interface Place {
  readonly dir: string;
  readonly ledger: Ledger;
  readonly log: OpenPublishedLog;
  readonly ports: AuditPorts;
  /** Appends them in this order, and waits until the last is published. */
  append(...drafts: EntryDraft[]): Promise<void>;
  close(): Promise<void>;
}

export async function openPlace(): Promise<Place> {
  const dir = mkdtempSync(join(tmpdir(), 'api-'));
  const opened = await openLedger({ dir });
  const log = await openPublishedLog({
    places: new LogPlaces(dir),
    store: opened.store,
    name: null,
    headCopy: null,
    now: Date.now,
    alarm: () => undefined,
    say: () => undefined,
    failed: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  const ledger = publishedLedger(opened, log);
  return {
    dir,
    ledger,
    log,
    ports: {
      ledger,
      logs: { rows: async () => log.logs, files: (number) => log.files(number) },
      schemes: ECOSYSTEMS.map(({ versions }) => versions),
      version: '0.0.0-test',
      now: Date.now,
    },
    async append(...drafts) {
      let last = 0;
      for (const draft of drafts) last = (await ledger.append(draft)).seq;
      await log.published(last);
    },
    async close() {
      await log.close();
      await opened.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What the door answered. */
export interface Answered {
  readonly kind: 'document' | 'stream' | 'refusal';
  readonly code: string | null;
  readonly line: string;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into an answer member by member and compares each
  json(): any;
}

/** Asks a door as the auditor `ana`: a path below `/api/v1/ledger/` with its query, or below `/ledger/`. */
export function asking(ports: AuditPorts, limits?: TurnLimits) {
  const door = auditDoor(ports, limits);
  const raw = (target: string, more: Partial<Asked> = {}) => {
    const [path = '', query = ''] = target.split('?');
    return door.answer({
      method: 'GET',
      part: 'query',
      path,
      query,
      accept: '',
      auditor: 'ana',
      framed: true,
      ...more,
    });
  };
  return {
    raw,
    async ask(target: string, more: Partial<Asked> = {}): Promise<Answered> {
      const answer = await raw(target, more);
      const pieces: Uint8Array[] = [];
      if (answer.kind === 'stream') for await (const piece of answer.pieces) pieces.push(piece);
      if (answer.kind === 'document') pieces.push(answer.body);
      const bytes = Buffer.concat(pieces);
      return {
        kind: answer.kind,
        code: answer.kind === 'refusal' ? answer.code : null,
        line: answer.kind === 'refusal' ? answer.line : '',
        contentType: answer.kind === 'refusal' ? '' : answer.contentType,
        cacheControl: answer.kind === 'refusal' ? '' : answer.cacheControl,
        headers: answer.kind === 'stream' ? answer.headers : {},
        bytes,
        text: bytes.toString(),
        json: () => JSON.parse(bytes.toString()),
      };
    },
  };
}

/** A query string, as a client's library writes it. */
export function queryOf(parameters: Readonly<Record<string, string | number>>): string {
  return new URLSearchParams(
    Object.entries(parameters).map(([k, v]): [string, string] => [k, String(v)]),
  ).toString();
}

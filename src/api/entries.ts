import type { z } from 'zod';
import type { EntryFilter } from '../ledger/ledger.ts';
import type { LogRow } from '../ledger/published/published.ts';
import { type CursorOf, cursorAt, placeOf } from './cursor.ts';
import { ENTRIES, readQuery } from './parameters.ts';
import { type Asked, type AuditPorts, type Document, json, type Stream, stream } from './ports.ts';
import { Problem, wrong } from './problem.ts';
import { selectionOf } from './selection.ts';
import { told } from './told.ts';
import type { Turn } from './turns.ts';

type Parameters = z.output<typeof ENTRIES>;

const PAGE = 100;

/** Characters of a page after which it ends, whatever its limit is: `next` says that there is more. */
const MAX_PAGE = 4 * 1024 ** 2;

/** Characters that are put together for one write. */
const PIECE = 64 * 1024;

export const JSONL = 'application/jsonl';

/** `GET /entries`: a page, or with `Accept: application/jsonl` all that is selected, one entry a line. */
export async function entries(ports: AuditPorts, asked: Asked, turn: Turn): Promise<Document | Stream> {
  const parameters = readQuery(ENTRIES, asked.query);
  const { filter, notes } = await selectionOf(parameters, ports);
  const bounded = await within(ports, filter, parameters);
  const rows = await ports.logs.rows();
  if (!wantsLines(asked.accept)) return page(ports, { ...bounded, parameters, rows, notes }, turn);
  if (!asked.framed)
    throw new Problem('BAD_REQUEST', `${JSONL} needs HTTP/1.1, which tells its end from a cut`);
  // Latin-1 at most: notes are made of names that passed a grammar.
  const headers = notes.length > 0 ? { 'x-sallyport-note': notes.join('; ') } : undefined;
  const { limit } = parameters;
  const selected = { ...bounded.filter, ...(limit !== undefined && { limit }) };
  if (asked.method === 'HEAD') return stream(JSONL, nothing(), headers);
  const pieces = lines(ports, selected, rows, turn.keep());
  // The first is here before the answer begins: until then a fault is an answer of its own.
  return stream(JSONL, continued(await pieces.next(), pieces), headers);
}

/** A selection from where its cursor says. */
interface Bounded {
  readonly filter: EntryFilter;
  readonly question: CursorOf;
}

async function within(
  { ledger }: Pick<AuditPorts, 'ledger'>,
  filter: EntryFilter,
  { cursor, limit: _, ...question }: Parameters,
): Promise<Bounded> {
  const reverse = question.order === 'desc';
  const ordered = { ...filter, reverse };
  if (cursor === undefined) return { filter: ordered, question };
  const place = await placeOf(cursor, question, ledger);
  const { after = -1, before = Number.POSITIVE_INFINITY } = filter;
  if (place <= after || place >= before) throw wrong('cursor', 'belongs to another question');
  return { filter: { ...ordered, ...(reverse ? { before: place } : { after: place }) }, question };
}

async function page(
  { ledger }: Pick<AuditPorts, 'ledger'>,
  {
    filter,
    question,
    parameters: { limit = PAGE },
    rows,
    notes,
  }: Bounded & { parameters: Parameters; rows: readonly LogRow[]; notes: readonly string[] },
  turn: Turn,
): Promise<Document> {
  const items: string[] = [];
  let size = 0;
  let last: { seq: number; leaf: string } | null = null;
  let next: string | null = null;
  // One more than is shown says whether there is a next page.
  for await (const entry of ledger.query({ ...filter, limit: limit + 1 })) {
    turn.check();
    if (last !== null && (items.length === limit || size > MAX_PAGE)) {
      next = cursorAt(last, question);
      break;
    }
    const item = told(entry, rows);
    items.push(item);
    size += item.length;
    last = entry;
  }
  return json(
    `{"entries":[${items.join(',')}],"next":${JSON.stringify(next)},"notes":${JSON.stringify(notes)}}\n`,
  );
}

/** Lines in pieces. What the turn holds is given back at the end, or when the reader leaves. */
async function* lines(
  { ledger }: Pick<AuditPorts, 'ledger'>,
  filter: EntryFilter,
  rows: readonly LogRow[],
  turn: Turn,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  try {
    let text = '';
    for await (const entry of ledger.query(filter)) {
      turn.check();
      text += `${told(entry, rows)}\n`;
      if (text.length < PIECE) continue;
      yield encoder.encode(text);
      text = '';
    }
    if (text !== '') yield encoder.encode(text);
  } finally {
    turn.end();
  }
}

async function* continued(
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (!first.done) yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Whether an Accept header names JSON lines, and does not want JSON more (RFC 9110, 12.5.1). */
export function wantsLines(accept: string): boolean {
  const weights = new Map<string, number>();
  for (const item of accept.toLowerCase().split(',')) {
    const [type = '', ...rest] = item.split(';').map((part) => part.trim());
    const q = rest.find((part) => part.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (weight >= 0 && weight <= 1) weights.set(type, weight);
  }
  const wanted = weights.get(JSONL) ?? 0;
  return wanted > 0 && wanted >= (weights.get('application/json') ?? 0);
}

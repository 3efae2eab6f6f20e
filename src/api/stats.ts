import { readQuery, STATS } from './parameters.ts';
import { type AuditPorts, type Document, json } from './ports.ts';
import { selectionOf } from './selection.ts';

const GROUPS = 100;

/** `GET /stats?by=`. */
export async function stats(ports: AuditPorts, query: string): Promise<Document> {
  const parameters = readQuery(STATS, query);
  const { by, limit = GROUPS } = parameters;
  const { filter, notes } = await selectionOf(parameters, ports);
  // One more than is shown says whether there are others.
  const counted = await ports.ledger.stats(filter, by, limit + 1);
  const groups = counted
    .slice(0, limit)
    .map(({ key, entries, first, last }) => ({ key, entries, first, last }));
  return json(`${JSON.stringify({ by, groups, more: counted.length > limit, notes })}\n`);
}

import type { ERRORS } from './errors.ts';

/** Sites that no request passes, by their name in a report, with why. */
export const NEVER_PASSED: readonly (readonly [site: string, why: string])[] = [
  ['gate/listener.ts:', 'the house is closing, and nothing is asked any more'],
  ['this.#sum(agent', 'only a timer and the stop wait for it'],
  [
    'refusalSumEntry(',
    'one agent has a thousand entries of its own an hour; test/admission/tally.test.ts goes beyond',
  ],
  [
    'gate/pour-stream.ts:25',
    'a log that fills no socket is never waited for; it is in the same `try` as what is read',
  ],
];

/** Sites that themselves remove what is in quarantine, or lose what is to be removed: an injected fault leaves it there. */
export const MAY_LEAVE: readonly string[] = [
  'discard()',
  'reception.discard',
  'held.discard',
  'this.#opening',
  'this.#open()',
  'vault.receive',
  'reception.finish',
];

/** Sites that are only let fail when they are done: what they were given would be let go of by nobody. */
export const ONLY_AFTER: readonly string[] = ['pourStream(exchange.response, answer.pieces'];

/**
 * Scenarios that wait for others of their kind: a large listing is opened again in its turn, and where the one before
 * hangs the next is given up before it comes to its site.
 */
export const HELD_UP: ReadonlySet<string> = new Set([
  'npm tarball whose listing leaves the desk again and again',
]);

/** Sites at which a fault does not keep what is asked for from being served, whole or begun, with why. */
const SERVED_ALL_THE_SAME: readonly (readonly [site: string, why: string])[] = [
  ["eventOf(response, 'finish')", 'all bytes were verified and handed to the connection before'],
  ["eventOf(response, 'drain')", 'the pieces before were verified; the connection is cut before the last'],
  ['gate/pour.ts:31 reader.next()', 'the pieces before were verified; the connection is cut before the last'],
  ['gate/pour.ts:35 reader.next()', 'the pieces before were verified; the connection is cut before the last'],
  ['port:open.read', 'the pieces before were verified; the connection is cut before the last'],
  ['pour(response, answer.read(start, end)', 'its result is lost after the last byte'],
  ['pourStream(', 'its result is lost after the last byte'],
  ['gate/pour-stream.ts:19 pieces', 'the pieces before are what was asked for; the connection is cut'],
  ['serve(exchange, counter', 'its result is lost after the last byte'],
  ['sendAnswer(exchange, answer, base)', 'its result is lost after the last byte'],
  ['port:open.close', 'nobody waits for the file to be closed behind its last byte'],
];

/** Scenarios in which something is served although a site failed with an error that nobody expects. */
const LENIENT: Readonly<Record<string, string>> = {
  'npm search': 'a name whose index cannot be had is left out of a search',
};

/** Why something may be served although a site failed at a passage of it; `no` where it may not. */
export function reasonToServe(
  site: string,
  scenario: string,
  nth: number,
  error: keyof typeof ERRORS,
): string {
  const known = SERVED_ALL_THE_SAME.find(([text]) => site.includes(text));
  if (known) return known[1];
  if (site === 'port:ledger.append' && nth > 1) return 'nobody waits for the entry that says how it ended';
  return LENIENT[scenario] ?? (error === 'plain' ? 'no' : 'a kind of error that has a way of its own');
}

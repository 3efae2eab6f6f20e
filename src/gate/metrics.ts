import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EvidenceName } from '../model/evidence.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { CheckResult } from '../model/verdict.ts';
import { Tally } from './tally.ts';

/** The numbers of one process. Labels are ids, kinds and codes of ours: never a name, a path or a token. */
export interface Metrics {
  readonly contentType: string;
  /** The exposition text for Prometheus. */
  render(): Promise<string>;
  /** A request. `kind`: the row of the route table; `status` 0 where the client left first; `seconds` to its last byte. */
  request(kind: string, status: number, seconds: number, bytes: number): void;
  /** `code` null: admitted. */
  decision(ecosystem: string, kind: string, code: ReasonCode | null): void;
  inFlight(change: 1 | -1): void;
  /** Something that a person should look at. */
  alarm(kind: string): void;
  /** One exchange with an upstream: `outcome` is `ok`, `absent`, `not-modified` or a fault's code. */
  upstream(source: string, outcome: string, seconds: number, bytes: number): void;
  /** One document of evidence was looked at, in a thread that took so long for it. */
  verification(check: EvidenceName, seconds: number, result: CheckResult): void;
  /** One durable append; `type` of the entry. */
  append(seconds: number, type: string): void;
  /** What was answered and sent, held against the ledger. */
  readonly tally: Tally;
  /** Where the numbers of the ledger's log are read: entries that are published, and for how long the oldest other waits, s. */
  log(state: { size(): number; waiting(): number }): void;
  /** Bytes on disk. */
  vault(bytes: number): void;
  /** The policy in force, and when it was loaded (ms since 1970). */
  policy(digest: string, loadedAt: number): void;
  /** The mode in effect of each profile. */
  profileModes(modes: ReadonlyMap<string, string>): void;
  /** Waivers that end within a week, and those that have ended. */
  waivers(expiring: number, expired: number): void;
  /** The feed of advisories: its age in ms, and how many records it has; null where there is none that can be read. */
  feed(state: { readonly age: number; readonly records: number } | null): void;
  /** A waiver lifted a requirement of what was admitted. */
  waiverUsed(lifts: string): void;
  /** What mode `observe` let through would have been refused for this. */
  wouldRefuse(code: string): void;
  /** Published entries that a target of `shipping` has not taken yet. */
  shipping(target: string, lag: number): void;
  /** A batch of entries was not taken. */
  shippingFailed(target: string): void;
  /** What is trusted now, and when it was loaded (ms since 1970). */
  trust(digest: string, loadedAt: number): void;
}

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** `processMetrics: false` leaves out memory, CPU, garbage collection and event loop delay (for tests). */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.processMetrics !== false) collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[] = []) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers });

  const requests = counter('sallyport_requests_total', 'Requests answered.', ['kind', 'status']);
  const latency = histogram('sallyport_request_seconds', 'Time from request to last byte.', ['kind']);
  const served = counter('sallyport_served_bytes_total', 'Bytes of bodies served.', ['kind']);
  const decisions = counter('sallyport_decisions_total', 'Answers by reason code; ADMITTED where none.', [
    'ecosystem',
    'kind',
    'code',
  ]);
  const inFlight = gauge('sallyport_requests_in_flight', 'Requests being answered.');
  const alarms = counter('sallyport_alarms_total', 'Events that a person should look at.', ['kind']);
  const upstream = counter('sallyport_upstream_requests_total', 'Requests to upstreams.', [
    'source',
    'outcome',
  ]);
  const upstreamTime = histogram('sallyport_upstream_seconds', 'Time of requests to upstreams.', ['source']);
  const upstreamBytes = counter('sallyport_upstream_bytes_total', 'Bytes received from upstreams.', [
    'source',
  ]);
  const entries = counter('sallyport_ledger_entries_total', 'Entries that are durable, by type.', ['type']);
  const tally = new Tally();
  counted(registry, tally);
  const appends = histogram('sallyport_ledger_append_seconds', 'Time until a ledger entry is durable.');
  const verdicts = counter('sallyport_evidence_total', 'Documents of evidence by verdict.', [
    'check',
    'result',
  ]);
  const verifications = histogram('sallyport_evidence_seconds', 'Time to verify one document of evidence.', [
    'check',
  ]);
  const logSize = gauge('sallyport_log_entries', 'Entries under the newest published checkpoint.');
  const logWaiting = gauge('sallyport_log_waiting_seconds', 'How long entries have waited to be published.');
  let readLog: { size(): number; waiting(): number } | null = null;
  const vault = gauge('sallyport_vault_bytes', 'Bytes in the vault.');
  const policy = gauge('sallyport_policy_loaded_seconds', 'When the policy in force was loaded, by digest.', [
    'digest',
  ]);
  const modes = gauge('sallyport_profile_mode', 'The mode in effect of each profile: 1.', [
    'profile',
    'mode',
  ]);
  const feedAge = gauge('sallyport_feed_age_seconds', 'Age of the feed of advisories; NaN without one.');
  const feedRecords = gauge('sallyport_feed_records', 'Records of the feed of advisories.');
  feedAge.set(Number.NaN);
  const expiring = gauge('sallyport_waivers_expiring', 'Waivers that expire within a week.');
  const expired = gauge('sallyport_waivers_expired', 'Waivers in the policy that have expired.');
  const waiversUsed = counter('sallyport_waivers_used_total', 'Admissions for which a waiver was needed.', [
    'lifts',
  ]);
  const wouldRefuse = counter(
    'sallyport_would_refuse_total',
    'What mode observe let through, by the code for which it would have been refused.',
    ['code'],
  );
  const lag = gauge('sallyport_shipping_lag', 'Published entries that a target has not taken yet.', [
    'target',
  ]);
  const unshipped = counter('sallyport_shipping_failures_total', 'Batches that a target did not take.', [
    'target',
  ]);
  const trust = gauge('sallyport_trust_loaded_seconds', 'When what is trusted now was loaded, by digest.', [
    'digest',
  ]);

  return {
    contentType: registry.contentType,
    render() {
      logSize.set(readLog?.size() ?? 0);
      logWaiting.set(readLog?.waiting() ?? 0);
      return registry.metrics();
    },
    request(kind, status, seconds, bytes) {
      requests.inc({ kind, status: status > 0 ? `${Math.trunc(status / 100)}xx` : 'none' });
      latency.observe({ kind }, seconds);
      if (bytes > 0) served.inc({ kind }, bytes);
    },
    decision: (ecosystem, kind, code) => decisions.inc({ ecosystem, kind, code: code ?? 'ADMITTED' }),
    inFlight: (change) => inFlight.inc(change),
    alarm: (kind) => alarms.inc({ kind }),
    upstream(source, outcome, seconds, bytes) {
      upstream.inc({ source, outcome });
      upstreamTime.observe({ source }, seconds);
      if (bytes > 0) upstreamBytes.inc({ source }, bytes);
    },
    verification(check, seconds, result) {
      verdicts.inc({ check, result });
      verifications.observe({ check }, seconds);
    },
    append(seconds, type) {
      appends.observe(seconds);
      entries.inc({ type });
    },
    tally,
    log(state) {
      readLog = state;
    },
    vault: (bytes) => vault.set(bytes),
    policy(digest, loadedAt) {
      policy.reset();
      policy.set({ digest }, loadedAt / 1000);
    },
    profileModes(now) {
      modes.reset();
      for (const [profile, mode] of now) modes.set({ profile, mode }, 1);
    },
    feed(state) {
      feedAge.set(state === null ? Number.NaN : state.age / 1000);
      feedRecords.set(state?.records ?? 0);
    },
    waivers(soon, past) {
      expiring.set(soon);
      expired.set(past);
    },
    waiverUsed: (lifts) => waiversUsed.inc({ lifts }),
    wouldRefuse: (code) => wouldRefuse.inc({ code }),
    shipping: (target, entries) => lag.set({ target }, entries),
    shippingFailed: (target) => unshipped.inc({ target }),
    trust(digest, loadedAt) {
      trust.reset();
      trust.set({ digest }, loadedAt / 1000);
    },
  };
}

/** The tally's own counts, read when they are asked for: they are kept once. */
function counted(registry: Registry, tally: Tally): void {
  const registers = [registry];
  new Counter({
    name: 'sallyport_answers_total',
    help: 'Answers that the ledger has an entry of, by what it decided; summed: as part of a sum.',
    labelNames: ['verdict'],
    registers,
    collect() {
      this.reset();
      for (const [verdict, count] of Object.entries(tally.counts.answers)) this.inc({ verdict }, count);
    },
  });
  new Counter({
    name: 'sallyport_files_total',
    help: 'Answers of admitted files: sent to their end, or not.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      const { served, aborted } = tally.counts.files;
      this.inc({ outcome: 'served' }, served);
      this.inc({ outcome: 'aborted' }, aborted);
    },
  });
  new Counter({
    name: 'sallyport_files_unwritten_total',
    help: 'Answers of admitted files of which the ledger could not be told how they ended.',
    registers,
    collect() {
      this.reset();
      this.inc(tally.counts.unwritten);
    },
  });
  new Counter({
    name: 'sallyport_file_bytes_total',
    help: 'Bytes of admitted files that were sent.',
    registers,
    collect() {
      this.reset();
      this.inc(tally.counts.files.bytes);
    },
  });
}

import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { createAdmission } from './admission/create.ts';
import type { Ports } from './admission/ports.ts';
import { Alarms } from './alarms.ts';
import { auditDoor } from './api/door.ts';
import { type Config, DEFAULT_TENANT, tenantsOf } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import { FeedWatch } from './feed/watch.ts';
import { openFeed } from './feeds/open.ts';
import { feedFolder } from './feeds/status.ts';
import type { AuditDoor } from './gate/audit-door.ts';
import type { Metrics } from './gate/metrics.ts';
import type { Readiness } from './gate/options.ts';
import { InForce } from './in-force.ts';
import { keptByPins } from './kept.ts';
import { alarmEntry, policyEntry, startEntry, stopEntry, tallyEntry, trustEntry } from './ledger/entry.ts';
import type { EntryDraft, Ledger } from './ledger/ledger.ts';
import { lockFolder } from './ledger/lock.ts';
import { openLedger } from './ledger/open.ts';
import { preparePseudonymKeys } from './ledger/pseudonym-state.ts';
import { Pseudonyms, pseudonymousLedger } from './ledger/pseudonyms.ts';
import { publishedLedger } from './ledger/published/published-ledger.ts';
import type { Digest } from './model/digest.ts';
import { ENGINE } from './model/engine.ts';
import { FileOriginBook } from './origins.ts';
import { type Policy, PolicyError } from './policy/policy.ts';
import { writeToVault } from './probe.ts';
import { EarlyAlarms, openPublishing } from './publishing/publishing.ts';
import { HouseReadiness } from './readiness.ts';
import { alarmsSince, PolicyNews } from './reload/announce.ts';
import { removeServerFile } from './reload/server-file.ts';
import { watchOf } from './reload/watched-policy.ts';
import { keepPolicy } from './replay/kept-policies.ts';
import { openShipping } from './shipping/wired.ts';
import { openSources } from './sources.ts';
import { checkFolder, checkTls, checkWatch } from './start-checks.ts';
import { DeskPool } from './threads/desk-pool.ts';
import { InspectPool } from './threads/inspect-pool.ts';
import { loadFirst, loadInThread } from './threads/policy-loader.ts';
import { VerifyPool } from './threads/verify-pool.ts';
import { loadTrust } from './trust/files.ts';
import { TrustInForce } from './trust/in-force.ts';
import { keepTrust } from './trust/kept.ts';
import { openUpstream } from './upstream/open.ts';
import { openFileVault } from './vault/file-vault.ts';
import type { Vault } from './vault/vault.ts';
import { watchedLedger, watchedUpstream } from './watch.ts';
import { why } from './why.ts';
import { openWitnesses } from './witness/open.ts';

/** Everything behind the gate, wired and running. */
export interface House {
  readonly ports: Ports;
  readonly log: FastifyBaseLogger;
  readonly admission: ReturnType<typeof createAdmission>;
  policy(): Policy;
  /**
   * Reads the allowlists and the trust root again: what is valid is taken into use, what is not is alarmed and left.
   * False where either was left.
   */
  reload(): Promise<boolean>;
  /** Removes what no pin needs (its files, their metadata, its index) until the vault is within its bound. */
  evict(): Promise<void>;
  ready(): Promise<Readiness>;
  /** An entry for the agent that caused it; null for everybody else. */
  why(leaf: string, agent: string): Promise<unknown>;
  /** For those who read the ledger. */
  readonly audit: AuditDoor;
  close(): Promise<void>;
}

/**
 * Opens every room in the order in which one needs the other, and hands admission its ports. A room that
 * cannot be opened closes the ones before it and rejects: nothing is served by half a house.
 */
export async function openHouse(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  now: () => number,
  version: string,
  watchers: Metrics,
  write: (line: string) => void,
): Promise<House> {
  const log: FastifyBaseLogger = pino({ level: config.logLevel, base: null }, { write });
  const first = await loadFirst(config.allowlists);
  const sources = await openSources(config, env);
  sources.check(first);
  const firstTrust = await loadTrust(config);
  checkWatch(config);
  await checkTls(config.tls);
  await checkFolder(config.data, 'SALLYPORT_DATA');
  if (config.vault !== undefined) await checkFolder(config.vault, 'SALLYPORT_VAULT');
  const closing: (() => Promise<void>)[] = [];
  /** Every room is closed, whatever becomes of the others; only then the first fault is thrown. */
  const closeAll = async () => {
    const faults: unknown[] = [];
    for (const close of closing.toReversed()) await close().catch((error: unknown) => faults.push(error));
    if (faults.length > 0) throw faults[0];
  };
  try {
    const opened = await openLedger({ dir: config.data });
    closing.push(() => opened.close());
    const early = new EarlyAlarms();
    const witnesses = await openWitnesses(config, {
      now,
      alarm: early.alarm,
      failed: (what, error) => log.error({ err: error }, what),
    });
    if (witnesses) closing.push(() => witnesses.close());
    const publishing = await openPublishing(config, {
      store: opened.store,
      now,
      log,
      alarm: early.alarm,
      ...(witnesses && { askWitnesses: witnesses.known }),
    });
    closing.push(() => publishing.close());
    const { published } = publishing;
    witnesses?.attach(published);
    watchers.log({ size: () => published.head()?.size ?? 0, waiting: () => published.waitingFor() });
    const recorded = publishedLedger(opened, published);
    const tenants = config.pseudonyms ? tenantsOf(config) : null;
    const prepared = await preparePseudonymKeys(
      config.data,
      tenants ? [DEFAULT_TENANT, ...tenants.values()] : [],
      recorded,
    );
    const names = new Pseudonyms(prepared.keys, tenants && ((agent) => tenants.get(agent) ?? DEFAULT_TENANT));
    const ledger: Ledger = watchedLedger(pseudonymousLedger(recorded, names), watchers, (place) =>
      news.liftedAt(place),
    );
    // The lock is ours: what is there is of a process that ended, whose number may be another's by now.
    await removeServerFile(config.data);
    const dir = config.vault ?? join(config.data, 'vault');
    // The data folder's lock does not cover a vault that another data folder names, too.
    const release = await lockFolder(dir, 'SALLYPORT_VAULT');
    closing.push(async () => release());
    const vault: Vault = await openFileVault({ dir, quarantineLimit: config.limits.quarantine });
    closing.push(() => vault.close());
    const desk = new DeskPool(() => replaced('desk'));
    closing.push(() => desk.close());
    await desk.setPolicy(first);
    await desk.setTrust(firstTrust.bytes);
    const inspectors = new InspectPool(() => replaced('inspection'));
    closing.push(() => inspectors.close());
    const verifiers = new VerifyPool(firstTrust.bytes, {
      now,
      replaced: () => replaced('verification'),
      timed: (check, seconds, result) => watchers.verification(check, seconds, result),
    });
    closing.push(() => verifiers.close());
    const feed = openFeed({
      dir: feedFolder(config.data),
      maxAge: config.feedMaxAge,
      damaged: (error) => log.error({ err: error }, 'the feed of advisories is damaged; nothing is served'),
    });
    closing.push(async () => feed.close());
    const origins = new FileOriginBook(ledger.memory, (source, origin) =>
      log.info({ source, origin }, 'a file origin was learned with its first verified file'),
    );
    const way = openUpstream({
      version,
      privateAddresses: config.privateAddresses,
      limits: { indexBytes: config.limits.maxIndex },
      origins,
    });
    const upstream = watchedUpstream(way, watchers);
    closing.push(() => upstream.close());

    const ending = new AbortController();
    closing.push(async () => ending.abort());
    let entries = 0;
    const stamp = () => ({ id: `house-${now()}-${entries++}`, time: now() });
    /** For what is true whether or not it can be entered. */
    const enter = (what: string, entry: EntryDraft) =>
      ledger.append(entry).then(
        () => undefined,
        (error: unknown) => log.error({ err: error }, `${what} could not be entered in the ledger`),
      );
    /** Off the event loop; null where the files have another digest than `expect`. */
    const load = async (expect: Digest | null) => {
      const next = await loadInThread(config.allowlists, { expect, signal: ending.signal });
      if (next) sources.check(next);
      return next;
    };
    const policy = new InForce(first, {
      async load() {
        const next = await load(null);
        if (!next) throw new Error('the policy files were not read');
        return next;
      },
      async take(next) {
        await keepPolicy(config.data, next);
        await desk.setPolicy(next);
      },
      async changed({ digest }, { digest: previous }) {
        watchers.policy(digest, now());
        // It is in force all the same: where nothing can be written, nothing is served.
        await enter('a reload', policyEntry({ ...stamp(), outcome: 'loaded', policy: digest, previous }));
        log.info({ before: previous, after: digest }, 'policy reloaded');
        news.look();
      },
      unchanged: ({ digest }) =>
        enter('a reload', policyEntry({ ...stamp(), outcome: 'unchanged', policy: digest })),
      async rejected(error, { digest }) {
        log.error({ err: error }, 'the policy was not reloaded; the one before stays in force');
        watchers.alarm('policy-reload');
        const problems = error instanceof PolicyError ? error.problems.length : 1;
        await enter(
          'a failed reload',
          policyEntry({ ...stamp(), outcome: 'rejected', policy: digest, problems }),
        );
      },
    });
    const readiness = new HouseReadiness({
      now,
      ledger,
      writeLedger: () => ledger.append(alarmEntry({ ...stamp(), code: 'ledger-failing' })),
      writeVault: () => writeToVault(dir),
      policyFailed: () => policy.failed,
      policyNotes: () => news.notes(),
      shippingNotes: () => shipping.notes(),
      log: () => published.state(),
      witnessNotes: () => witnesses?.notes() ?? [],
      feed: () => feedWatch.health(),
      trustFailed: () => trust.failed,
      failed: (what, error) => log.error({ err: error }, `not ready: the ${what} cannot be written`),
    });
    const replaced = (thread: 'desk' | 'inspection' | 'verification') => {
      log.warn({ thread }, 'a thread ended and was replaced');
      readiness.saw(thread);
    };
    const alarms = new Alarms({
      stamp,
      count(kind) {
        watchers.alarm(kind);
        if (kind === 'stale-index') readiness.saw(kind);
      },
      warn: (kind, about) => log.warn({ alarm: kind, ...about }, 'alarm'),
      enter: (entry) => enter('an alarm', entry),
    });
    early.tell((kind, about) => alarms.raise(kind, about));
    const shipping = await openShipping(config, env, {
      ledger,
      published,
      version,
      now,
      metrics: watchers,
      alarm: (about) => alarms.raise('export-stuck', about),
      alarmedSince: (since) => alarmsSince(ledger, 'export-stuck', since),
      log,
    });
    closing.push(() => shipping.stop());
    const news = new PolicyNews({
      now,
      policy: () => policy.current,
      metrics: watchers,
      alarm: (about) => alarms.raise('waiver-expiring', about),
      warn: (what, fields) => log.warn(fields, what),
      alarmedSince: (since) => alarmsSince(ledger, 'waiver-expiring', since),
    });
    const feedWatch = new FeedWatch({
      feed,
      now,
      policy: () => policy.current,
      metrics: watchers,
      stale: (about) => alarms.raise('feed-stale', about),
      failed: (error) =>
        log.error({ err: error }, 'the feed of advisories cannot be read; nothing is served'),
    });
    const ports: Ports = {
      now,
      policy: () => policy.current,
      ecosystems: ECOSYSTEMS,
      desk,
      upstream,
      source: (id) => sources.of(id, policy.current),
      verifiedFrom: (source, url) => origins.verifiedFrom(source, url),
      vault,
      ledger,
      inspect: (path, expected) => inspectors.inspect(path, expected),
      evidence: verifiers,
      advisories: feed,
      limits: config.limits,
      closing: ending.signal,
      alarm: (kind, about) => alarms.raise(kind, about),
      fault(error, context) {
        log.error({ err: error, ...context }, 'fault');
      },
    };
    watchers.policy(first.digest, now());
    const { digest: trusted, from } = firstTrust;
    watchers.trust(trusted, now());
    const admission = createAdmission(ports);
    // Nothing is decided under a policy or a trust that nobody can look up later.
    await keepPolicy(config.data, first);
    await keepTrust(vault.evidence, firstTrust.bytes);
    const started = stamp();
    watchers.tally.begin();
    await ledger.append(
      startEntry({ ...started, release: version, engine: ENGINE, policy: first.digest, trust: trusted }),
    );
    for (const entry of prepared.entries(stamp)) await ledger.append(entry);
    for (const tenant of prepared.lost) alarms.raise('pseudonym-key-lost', { tenant });
    log.info({ policy: first.digest, trust: trusted, root: from.root, npmKeys: from.npmKeys }, 'started');
    const trust = new TrustInForce(firstTrust, {
      now,
      load: () => loadTrust(config),
      // Both read it once more. The desk takes it whole or not at all; then it is known to be readable.
      async take({ bytes, digest }, previous) {
        await keepTrust(vault.evidence, bytes);
        await ledger.append(trustEntry({ ...stamp(), trust: digest, previous }));
        await desk.setTrust(bytes);
        verifiers.setTrust(bytes);
      },
      alarm: (problem, inForce) => alarms.raise('trust-root', { expected: inForce, found: problem }),
      changed({ digest, from }, before) {
        watchers.trust(digest, now());
        log.info(
          { before, after: digest, root: from.root, npmKeys: from.npmKeys },
          'trust root and keys reloaded',
        );
      },
    });
    await news
      .remember()
      .catch((error: unknown) => log.error({ err: error }, 'the alarms of today were not read'));
    news.look();
    const looking = setInterval(() => news.look(), LOOK_EVERY);
    looking.unref();
    const watch = watchOf(config, policy, {
      load,
      log,
    });
    watch?.start();
    feedWatch.look();
    // What is in force from the start on was hashed before the first request.
    await feed.checked();
    const lookingAtFeed = setInterval(() => feedWatch.look(), LOOK_EVERY);
    lookingAtFeed.unref();
    const sum = () =>
      admission.flush().then(
        () => true,
        (error: unknown) => {
          log.error({ err: error }, 'refusals could not be summed in the ledger');
          return false;
        },
      );
    const summing = setInterval(() => void sum(), SUM_EVERY);
    summing.unref();
    /** As they are now, to be entered when the sums are: a refusal that is counted here is in the log before this. */
    const counts = () => ({ since: started.time, ...watchers.tally.counts });
    const tallying = setInterval(async () => {
      const now = counts();
      if (await sum()) await enter('what was counted', tallyEntry({ ...stamp(), ...now }));
    }, TALLY_EVERY);
    tallying.unref();

    return {
      ports,
      log,
      admission,
      policy: () => policy.current,
      async reload() {
        // The policy last: its entry says that the reload is done.
        const trusted = await trust.reload();
        return (await policy.reload()) && trusted;
      },
      ready: () => readiness.state(),
      audit: auditDoor({
        ledger,
        logs: { rows: async () => published.logs, files: (number) => published.files(number) },
        schemes: ECOSYSTEMS.map(({ versions }) => versions),
        version,
        now,
      }),
      why: (leaf, agent) => why(ledger, leaf, names.all(agent)),
      async evict() {
        const kept = await keptByPins(policy.current, ledger.memory);
        await vault.evict(config.limits.vault, (sha256) => kept.has(sha256));
        watchers.vault((await vault.usage()).bytes);
      },
      async close() {
        clearInterval(tallying);
        clearInterval(summing);
        clearInterval(lookingAtFeed);
        clearInterval(looking);
        await watch?.stop();
        const last = counts();
        // Without the sums the log would lack what is counted: then nothing is said of it, as after a crash.
        if (await sum()) await enter('the stop', stopEntry({ ...stamp(), code: 'shutdown', ...last }));
        await witnesses?.signed(await opened.store.lastSeq());
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll().catch(() => undefined);
    throw error;
  }
}

/** How often it is looked at which waivers end, which profiles observe no more, and how old the feed is, ms. */
const LOOK_EVERY = 60_000;

/** How often what was answered is entered, to be held against what was decided, ms. */
const TALLY_EVERY = 3_600_000;

/** How often refusals past an agent's budget are summed where no further one does it, ms. */
const SUM_EVERY = 60_000;

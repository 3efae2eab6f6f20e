import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { createAdmission } from './admission/create.ts';
import type { Ports } from './admission/ports.ts';
import { auditDoor } from './api/door.ts';
import type { Config } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import { FeedWatch } from './feed/watch.ts';
import { openFeed } from './feeds/open.ts';
import { feedFolder } from './feeds/status.ts';
import type { Metrics } from './gate/metrics.ts';
import { Closing } from './house/closing.ts';
import { configDigest } from './house/configured.ts';
import { Counting } from './house/counting.ts';
import { entering } from './house/entering.ts';
import type { House } from './house/house.ts';
import { openLockedVault } from './house/locked-vault.ts';
import { keepLooking } from './house/looking.ts';
import { openOutside } from './house/outside.ts';
import { policyReader, policySteps } from './house/policy-ports.ts';
import { raising } from './house/raising.ts';
import { openRecorded } from './house/recorded.ts';
import { openThreads } from './house/threads.ts';
import { trustSteps } from './house/trust-ports.ts';
import { InForce } from './in-force.ts';
import { keptByPins } from './kept.ts';
import { alarmEntry, feedEntry, startEntry } from './ledger/entry.ts';
import { ENGINE } from './model/engine.ts';
import { writeToVault } from './probe.ts';
import { HouseReadiness } from './readiness.ts';
import { alarmsSince, PolicyNews } from './reload/announce.ts';
import { removeServerFile } from './reload/server-file.ts';
import { watchOf } from './reload/watched-policy.ts';
import { keepPolicy } from './replay/kept-policies.ts';
import { openShipping } from './shipping/wired.ts';
import { openSources } from './sources.ts';
import { checkFolder, checkTls, checkWatch } from './start-checks.ts';
import { loadFirst } from './threads/policy-loader.ts';
import { loadTrust } from './trust/files.ts';
import { TrustInForce } from './trust/in-force.ts';
import { keepTrust } from './trust/kept.ts';
import { why } from './why.ts';

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
  const closing = new Closing();
  const told = { now, log, metrics: watchers };
  try {
    const recorded = await openRecorded(config, {
      ...told,
      closing,
      lifted: (place) => news.liftedAt(place),
    });
    const { ledger, published, witnesses } = recorded;
    // The lock is ours: what is there is of a process that ended, whose number may be another's by now.
    await removeServerFile(config.data);
    const { vault, dir } = await openLockedVault(config, closing);
    const { desk, inspectors, verifiers } = await openThreads({
      ...told,
      closing,
      policy: first,
      trust: firstTrust,
      replaced(thread) {
        log.warn({ thread }, 'a thread ended and was replaced');
        readiness.saw(thread);
      },
    });
    const feed = openFeed({
      dir: feedFolder(config.data),
      maxAge: config.feedMaxAge,
      damaged: (error) => log.error({ err: error }, 'the feed of advisories is damaged; nothing is served'),
    });
    closing.add(async () => feed.close());
    const { upstream, origins } = openOutside(config, { ...told, ledger, version, closing });

    const ending = new AbortController();
    closing.add(async () => ending.abort());
    const { stamp, enter } = entering(ledger, now, log);
    const entered = { ...told, stamp, enter };
    const load = policyReader(config, sources, ending.signal);
    const policy = new InForce(
      first,
      policySteps({
        ...entered,
        data: config.data,
        desk,
        load: () => load(null),
        changed: () => news.look(),
      }),
    );
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
    const alarms = raising({ ...entered, readiness });
    recorded.tellAlarms((kind, about) => alarms.raise(kind, about));
    const shipping = await openShipping(config, env, {
      ...told,
      ledger,
      published,
      version,
      alarm: (about) => alarms.raise('export-stuck', about),
      alarmedSince: (since) => alarmsSince(ledger, 'export-stuck', since),
    });
    closing.add(() => shipping.stop());
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
      startEntry({
        ...started,
        release: version,
        engine: ENGINE,
        policy: first.digest,
        trust: trusted,
        feed: feedWatch.digest(),
        config: configDigest(config),
      }),
    );
    feed.tellChanges((digest, previous) => {
      void enter('another feed', feedEntry({ ...stamp(), feed: digest, previous: previous ?? undefined }));
    });
    for (const entry of recorded.prepared.entries(stamp)) await ledger.append(entry);
    for (const tenant of recorded.prepared.lost) alarms.raise('pseudonym-key-lost', { tenant });
    log.info({ policy: first.digest, trust: trusted, root: from.root, npmKeys: from.npmKeys }, 'started');
    const trust = new TrustInForce(
      firstTrust,
      trustSteps({
        ...entered,
        config,
        vault,
        ledger,
        desk,
        verifiers,
        alarm: (problem, inForce) => alarms.raise('trust-root', { expected: inForce, found: problem }),
      }),
    );
    await news
      .remember()
      .catch((error: unknown) => log.error({ err: error }, 'the alarms of today were not read'));
    news.look();
    const endNews = keepLooking(() => news.look());
    const watch = watchOf(config, policy, { load, log });
    watch?.start();
    feedWatch.look();
    // What is in force from the start on was hashed before the first request.
    await feed.checked();
    const endFeedWatch = keepLooking(() => feedWatch.look());
    const counting = new Counting({ ...entered, admission, tally: watchers.tally, since: started.time });

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
        logs: {
          rows: async () => published.logs,
          files: (number) => published.files(number),
          witnesses: witnesses?.policy ?? null,
        },
        schemes: ECOSYSTEMS.map(({ versions }) => versions),
        version,
        now,
      }),
      why: (leaf, agent) => why(ledger, leaf, recorded.names.all(agent)),
      async evict() {
        const kept = await keptByPins(policy.current, ledger.memory);
        await vault.evict(config.limits.vault, (sha256) => kept.has(sha256));
        watchers.vault((await vault.usage()).bytes);
      },
      async close() {
        counting.pause();
        endFeedWatch();
        endNews();
        await watch?.stop();
        await counting.enterStop();
        await recorded.signed();
        await closing.closeAll();
      },
    };
  } catch (error) {
    await closing.closeAll().catch(() => undefined);
    throw error;
  }
}

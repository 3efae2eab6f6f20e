import { IndexUnreadable } from '../ecosystems/ecosystem.ts';
import { LedgerError } from '../ledger/ledger.ts';
import { ENGINE } from '../model/engine.ts';
import { type ReasonCode, statusOf } from '../model/reason-codes.ts';
import { UpstreamFault } from '../upstream/upstream.ts';
import { VaultDamaged } from '../vault/vault.ts';
import { Acquisition } from './acquire.ts';
import type {
  Admission,
  Answer,
  Asked,
  Caller,
  DocumentAnswer,
  Refusal,
  RefusalContext,
} from './admission.ts';
import { Admitter } from './admit.ts';
import { audit } from './audit.ts';
import { Births } from './births.ts';
import { PrefixBudget } from './budget.ts';
import { AttestationsAdmitter } from './evidence/attestations.ts';
import { Evidence } from './evidence/look.ts';
import { Examiner } from './examine.ts';
import { FactsCache } from './facts.ts';
import { Indexes } from './indexes.ts';
import { Lister } from './list.ts';
import { MetadataAdmitter } from './metadata.ts';
import type { Ports } from './ports.ts';
import { modeOf, Recorder } from './record.ts';
import { entered, plainRefusal, type Subject } from './refusal.ts';
import { RefusalLog } from './refusal-log.ts';
import { FileRefuser } from './refuse-file.ts';
import { blocked, unanswered } from './refuse-routes.ts';
import { Resolver } from './resolve.ts';
import { search, visibleNames } from './search.ts';
import { selfCheck } from './self-check.ts';

/** Writes down what is only counted so far: refusals past an agent's budget. Rejects with LedgerError. */
export interface Flushable {
  flush(): Promise<void>;
}

/** The one admission: each route of every ecosystem ends in one of these methods, and nowhere else. */
export function createAdmission(ports: Ports): Admission & Flushable {
  const facts = new FactsCache(ports.ledger.memory);
  const indexes = new Indexes(ports, facts);
  const refusals = new RefusalLog(ports);
  const recorder = new Recorder(ports, refusals);
  const budget = new PrefixBudget(ports.limits.prefixBudget);
  const lister = new Lister(ports, indexes, facts, recorder, budget);
  const acquisition = new Acquisition(ports, facts);
  const refuser = new FileRefuser(ports, indexes, facts, recorder);
  const resolver = new Resolver(ports, indexes, facts, recorder, budget, refuser);
  const evidence = new Evidence(ports);
  const examiner = new Examiner(ports, facts, acquisition, evidence, refuser, new Births(indexes, facts));
  const admitter = new Admitter(ports, facts, recorder, refuser, resolver, examiner);
  const metadata = new MetadataAdmitter(ports, recorder, resolver, examiner, admitter);
  const attestations = new AttestationsAdmitter(ports, resolver, examiner, admitter);

  async function route(asked: Asked): Promise<Answer> {
    const { route } = asked;
    switch (route.kind) {
      case 'index':
        return lister.list(asked, route);
      case 'artifact':
        return admitter.admit(asked, route);
      case 'metadata':
        return metadata.admit(asked, route);
      case 'blocked':
        return blocked(ports, recorder, resolver, asked, route);
      case 'self-check':
        return selfCheck(ports, lister, asked, route);
      case 'names': {
        const page = asked.ecosystem.writeNames(await visibleNames(ports, asked), route.representation);
        return page
          ? { ...document(page), vary: true }
          : refusal(asked.caller, 'NOT_FOUND', contextOf(asked));
      }
      case 'search':
        return search(ports, indexes, facts, asked, route);
      case 'audit': {
        const answer = await audit(ports, indexes, facts, asked, route.flavour);
        if (answer === 'malformed') return refusal(asked.caller, 'BAD_REQUEST', contextOf(asked));
        return answer === 'unanswered' ? unanswered() : answer;
      }
      case 'keys':
        return document({ contentType: 'application/json', body: ports.evidence.npmKeys() });
      case 'attestations':
        return (
          (await attestations.admit(asked, route)) ?? refusal(asked.caller, 'NOT_FOUND', contextOf(asked))
        );
      case 'fixed':
        return document({
          contentType: route.contentType,
          body: new TextEncoder().encode(route.body(asked.base)),
        });
      case 'redirect':
        return { kind: 'redirect', to: route.to };
      case 'write':
        return refusal(asked.caller, 'METHOD_NOT_ALLOWED', contextOf(asked));
      case 'malformed':
        return refusal(asked.caller, 'BAD_PATH', contextOf(asked));
    }
  }

  async function refusal(caller: Caller, code: ReasonCode, context: RefusalContext): Promise<Answer> {
    return { kind: 'refusal', refusal: await refuse(caller, code, context) };
  }

  async function refuse(caller: Caller, code: ReasonCode, context: RefusalContext): Promise<Refusal> {
    const bare = plainRefusal(code, context.line);
    const [policy, time] = [ports.policy(), ports.now()];
    try {
      const receipt = await refusals.record({
        id: context.requestId,
        time,
        agent: caller.agent,
        profile: caller.profile,
        mode: modeOf(policy, caller.profile, time),
        client: caller.client,
        route: 'gate',
        method: context.method,
        ecosystem: context.ecosystem,
        verdict: 'refuse',
        reasons: [code],
        policy: policy.digest,
        engine: ENGINE,
        ...(context.path ? { path: context.path } : {}),
      });
      return entered(bare, receipt);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      // A refusal without its entry is a fault; a fault stays the fault that it is.
      if (statusOf(code) >= 500) return bare;
      return plainRefusal('LEDGER_UNAVAILABLE');
    }
  }

  return {
    refuse,
    flush: () => refusals.flush(),
    async answer(asked: Asked): Promise<Answer> {
      try {
        return await route(asked);
      } catch (error) {
        const code = faultOf(error);
        ports.fault(error, { request: asked.requestId, code });
        const about = subjectOf(asked);
        if (code === 'UPSTREAM_ORIGIN') ports.alarm('file-origin', alarmOf(asked));
        if (error instanceof VaultDamaged) ports.alarm('vault-damaged', alarmOf(asked));
        if (about) {
          const basis = { policy: ports.policy(), now: ports.now() };
          const refusal = await recorder.refuse(asked, about, [code], basis).catch(() => INTERNAL);
          return { kind: 'refusal', refusal };
        }
        return refusal(asked.caller, code, contextOf(asked)).catch(() => ({
          kind: 'refusal',
          refusal: INTERNAL,
        }));
      }
    },
  };
}

/** The code of a fault. What is not known is INTERNAL: refused, like everything else that went wrong. */
function faultOf(error: unknown): ReasonCode {
  if (error instanceof UpstreamFault) return error.code;
  if (error instanceof IndexUnreadable) return 'INDEX_UNREADABLE';
  if (error instanceof LedgerError) return 'LEDGER_UNAVAILABLE';
  if (error instanceof VaultDamaged) return 'STORAGE_UNAVAILABLE';
  const errno = error instanceof Error && 'code' in error ? error.code : null;
  return typeof errno === 'string' && STORAGE_ERRNO.has(errno) ? 'STORAGE_UNAVAILABLE' : 'INTERNAL';
}

const STORAGE_ERRNO = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EMFILE', 'ENFILE']);

const INTERNAL = plainRefusal('INTERNAL');

/** What a request was about, as far as its path named it. */
function subjectOf({ ecosystem, route }: Asked): Subject | null {
  if (!('name' in route)) return null;
  const id = { ecosystem: ecosystem.id, name: route.name };
  if (!('filename' in route)) return id;
  const version = ecosystem.parseFilename(route.name, route.filename)?.version;
  return { ...id, filename: route.filename, ...(version ? { version } : {}) };
}

function alarmOf(asked: Asked) {
  const { ecosystem = asked.ecosystem.id, name, version, filename } = subjectOf(asked) ?? {};
  return { ecosystem, name, version, file: filename };
}

function contextOf(asked: Asked): RefusalContext {
  return { requestId: asked.requestId, method: asked.method, ecosystem: asked.ecosystem.id };
}

function document(page: { readonly contentType: string; readonly body: Uint8Array }): DocumentAnswer {
  return {
    kind: 'document',
    status: 200,
    contentType: page.contentType,
    encoding: null,
    body: page.body,
    etag: null,
    vary: false,
  };
}

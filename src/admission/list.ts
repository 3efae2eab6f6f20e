import type { IndexRoute } from '../ecosystems/ecosystem.ts';
import { sha256 } from '../model/digest.ts';
import { ENGINE } from '../model/engine.ts';
import { statusOf } from '../model/reason-codes.ts';
import { Flights } from '../upstream/flights.ts';
import type { Answer, Asked, ContentEncoding, DocumentAnswer, Refusal } from './admission.ts';
import type { PrefixBudget } from './budget.ts';
import { heldOf } from './evidence/held.ts';
import type { FactsCache } from './facts.ts';
import { type Indexes, type UsableIndex, withheldFrom } from './indexes.ts';
import { type AdmittedName, admitName } from './names.ts';
import { type KeptPage, PageCache } from './pages.ts';
import type { Ports } from './ports.ts';
import type { Recorder } from './record.ts';
import { isRefusal } from './refusal.ts';
import { feedKeyOf } from './resolve.ts';

/**
 * The life of an index. In order, and what is true after each step:
 *
 * 1. `admitName`: the policy admits the name for this caller; nothing has left the house yet.
 * 2. `indexes.get`: we hold the upstream's index, fetched by one flight, sighted in our memory.
 * 3. `facts.of`: what we remember of its files, with a digest.
 * 4. The page is in the cache under policy, profile, facts, index, representation, base and coding, and its
 *    `until` has not come: it is sent. Otherwise the desk decides on every file and writes the index anew.
 * 5. A page from which nothing may be served is a refusal in the ledger; what it says is ours.
 *
 * If reading, deciding or writing fails, nothing of the upstream's document is sent.
 */
export class Lister {
  readonly #ports: Ports;
  readonly #indexes: Indexes;
  readonly #facts: FactsCache;
  readonly #recorder: Recorder;
  readonly #budget: PrefixBudget;
  readonly #pages: PageCache;
  readonly #flights = new Flights<string, KeptPage>();

  constructor(ports: Ports, indexes: Indexes, facts: FactsCache, recorder: Recorder, budget: PrefixBudget) {
    this.#ports = ports;
    this.#indexes = indexes;
    this.#facts = facts;
    this.#recorder = recorder;
    this.#budget = budget;
    this.#pages = new PageCache(ports.limits.pageCache);
  }

  async list(asked: Asked, route: IndexRoute): Promise<Answer> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await this.#list(asked, route);
      if (answer !== 'again') return answer;
    }
    const subject = { ecosystem: asked.ecosystem.id, name: route.name };
    const basis = { policy: this.#ports.policy(), now: this.#ports.now() };
    return { kind: 'refusal', refusal: await this.#recorder.refuse(asked, subject, ['OVERLOADED'], basis) };
  }

  /** `again`: the policy changed while the index was on its way. */
  async #list(asked: Asked, route: IndexRoute): Promise<Answer | 'again'> {
    const id = { ecosystem: asked.ecosystem.id, name: route.name };
    const admitted = await admitName(this.#ports, this.#recorder, this.#budget, asked, id);
    if (isRefusal(admitted)) return this.#refusedIndex(asked, route, admitted);
    const index = await this.#indexes.get(id);
    if (this.#ports.policy() !== admitted.policy) return 'again';
    if (!index) {
      // Unknown upstream: the same code and body as an unlisted name.
      const basis = {
        policy: admitted.policy,
        now: this.#ports.now(),
        place: admitted.place,
        by: admitted.by,
        observed: admitted.observed,
      };
      const refusal = await this.#recorder.refuse(asked, id, ['NOT_ALLOWLISTED'], basis);
      return this.#refusedIndex(asked, route, refusal);
    }
    const page = await this.#page(asked, route, index, admitted);
    if (this.#ports.policy() !== admitted.policy) return 'again';
    if (page.status !== 200 || page.admitted === 0)
      return this.#nothingLeft(asked, route, index, admitted, page);
    if (asked.validators.etags?.some((tag) => tag === page.etag || tag === '*')) {
      return { kind: 'not-modified', etag: page.etag };
    }
    return documentOf(page, encodingOf(asked));
  }

  async #page(
    asked: Asked,
    route: IndexRoute,
    index: UsableIndex,
    admitted: AdmittedName,
  ): Promise<KeptPage> {
    const { profile } = asked.caller;
    const [facts, held, taken] = await Promise.all([
      this.#facts.of(index),
      heldOf(this.#ports.vault, index),
      this.#ports.ledger.memory.placesTaken(profile, index, null),
    ]);
    const advisories = this.#ports.advisories.of(index);
    const encoding = encodingOf(asked);
    const key = [
      ENGINE,
      admitted.policy.digest,
      profile,
      facts.digest,
      held.key,
      JSON.stringify(taken.taken),
      // A refresh of the feed changes until when it counts, and so what its age decides.
      feedKeyOf(advisories),
      this.#ports.evidence.trust(),
      index.ecosystem,
      index.name,
      index.digest,
      withheldFrom(index) ?? '',
      route.representation,
      asked.base,
      encoding,
    ].join('\n');
    const now = this.#ports.now();
    const kept = this.#pages.get(key, now);
    if (kept) return kept;
    return this.#flights.run(key, async () => {
      const page = await this.#indexes.at(index, () =>
        this.#ports.desk.page({
          ecosystem: index.ecosystem,
          name: index.name,
          digest: index.digest,
          policy: admitted.policy.digest,
          profile,
          facts: facts.bytes,
          now,
          withheld: withheldFrom(index),
          held: held.evidence,
          taken,
          advisories,
          representation: route.representation,
          base: asked.base,
          encoding,
        }),
      );
      const finished: KeptPage = { ...page, etag: `"${sha256(`${key}\n${page.until}`).slice(7, 39)}"` };
      this.#pages.put(key, finished);
      // Whoever resolves from this page never asks for such a file: nobody else would notice.
      for (const { filename, version } of page.changed) {
        const { ecosystem, name } = index;
        this.#ports.alarm('digest-changed', { ecosystem, name, version, file: filename });
      }
      if (page.downgraded) {
        const { filename: file, version, code } = page.downgraded;
        const kind = code === 'SIGNER_CHANGED' ? 'signer-changed' : 'evidence-failed';
        this.#ports.alarm(kind, { ecosystem: index.ecosystem, name: index.name, version, file });
      }
      return finished;
    });
  }

  /** The index exists and nothing of it (or not the version asked for) may be served. */
  async #nothingLeft(
    asked: Asked,
    route: IndexRoute,
    index: UsableIndex,
    admitted: AdmittedName,
    page: KeptPage,
  ): Promise<Answer> {
    const version = route.representation.startsWith('version:') ? route.representation.slice(8) : null;
    const parsed = version === null ? null : asked.ecosystem.versions.parseVersion(version);
    const subject = { ecosystem: index.ecosystem, name: index.name, ...(parsed ? { version: parsed } : {}) };
    const code = page.code ?? withheldFrom(index) ?? 'VERSION_NOT_ALLOWED';
    if (code === 'MALWARE') this.#ports.alarm('malware', subject);
    const refusal = await this.#recorder.refuse(asked, subject, [code], {
      policy: admitted.policy,
      now: this.#ports.now(),
      place: admitted.place,
      by: admitted.by,
      index: index.digest,
    });
    if (page.status !== 200 || statusOf(refusal.code) >= 500) return { kind: 'refusal', refusal };
    return {
      ...documentOf(page, encodingOf(asked)),
      ...placeOf(refusal),
      code,
    };
  }

  /** A refused name, in the form that reaches the person where the plain refusal does not. */
  #refusedIndex(asked: Asked, route: IndexRoute, refusal: Refusal): Answer {
    // A fault is never dressed up as a document.
    if (statusOf(refusal.code) >= 500) return { kind: 'refusal', refusal };
    const page = asked.ecosystem.writeRefusedIndex(route.name, route, {
      base: asked.base,
      code: refusal.code,
      message: refusal.line,
    });
    if (!page) return { kind: 'refusal', refusal };
    return {
      kind: 'document',
      status: page.status,
      contentType: page.contentType,
      encoding: null,
      body: page.body,
      etag: null,
      vary: true,
      ...placeOf(refusal),
      code: refusal.code,
    };
  }
}

/** Where the ledger has the refusal that a document stands for. */
function placeOf({ entry, summed }: Refusal): Pick<DocumentAnswer, 'entry' | 'summed'> {
  return { ...(entry !== null ? { entry } : {}), ...(summed ? { summed } : {}) };
}

function encodingOf(asked: Asked): ContentEncoding {
  return asked.encodings[0] ?? 'identity';
}

function documentOf(page: KeptPage, encoding: ContentEncoding) {
  return {
    kind: 'document',
    status: page.status,
    contentType: page.contentType,
    encoding: encoding === 'identity' ? null : encoding,
    body: page.body,
    etag: page.etag,
    vary: true,
  } as const;
}

import { writeSearch } from '../ecosystems/npm/search.ts';
import type { PackageName } from '../model/artifact.ts';
import { decide } from '../policy/decide.ts';
import { admittedNames } from '../policy/names.ts';
import type { Answer, Asked } from './admission.ts';
import type { FactsCache } from './facts.ts';
import type { Indexes } from './indexes.ts';
import { admittedVersions } from './nearest.ts';
import type { Ports } from './ports.ts';

/** Every name that the policy admits for a caller and that we can know of: exact rules, pins, names seen under prefixes. */
export async function visibleNames(ports: Ports, asked: Asked): Promise<PackageName[]> {
  const policy = ports.policy();
  const ecosystem = asked.ecosystem.id;
  const now = ports.now();
  const names = new Set<PackageName>(admittedNames(policy, asked.caller.profile, ecosystem, now).exact);
  for (const name of await ports.ledger.memory.knownNames(ecosystem)) names.add(name);
  return [...names]
    .filter(
      (name) =>
        decide(policy, asked.caller.profile, { stage: 'name', ecosystem, name, now }).verdict === 'allow',
    )
    .sort();
}

/** Search over admitted names, answered here: the words of a query never go upstream (promise 4). */
export async function search(
  ports: Ports,
  indexes: Indexes,
  facts: FactsCache,
  asked: Asked,
  query: { readonly text: string; readonly from: number; readonly size: number },
): Promise<Answer> {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8);
  const matches = (await visibleNames(ports, asked))
    .filter((name) => words.every((word) => name.includes(word)))
    .sort((a, b) => rank(a, words) - rank(b, words) || (a < b ? -1 : 1));
  const shown = matches.slice(query.from, query.from + Math.min(query.size, 20));
  const found = await Promise.all(
    shown.map(async (name) => {
      const id = { ecosystem: asked.ecosystem.id, name };
      try {
        const index = await indexes.get(id);
        if (!index) return null;
        const { admitted } = await admittedVersions(ports, indexes, facts, asked.caller.profile, id, index);
        const version = admitted.find((v) => !asked.ecosystem.versions.isPrerelease(v)) ?? admitted[0];
        return version ? { name, version } : null;
      } catch {
        // A name whose index cannot be had is left out of a search; its own request will say why.
        return null;
      }
    }),
  );
  const body = writeSearch(
    found.filter((hit) => hit !== null),
    matches.length,
  );
  return {
    kind: 'document',
    status: 200,
    contentType: 'application/json',
    encoding: null,
    body,
    etag: null,
    vary: false,
  };
}

/** The name itself first, then names that begin with the words, then the rest. */
function rank(name: string, words: readonly string[]): number {
  const text = words.join(' ');
  if (name === text) return 0;
  return words[0] !== undefined && name.startsWith(words[0]) ? 1 : 2;
}

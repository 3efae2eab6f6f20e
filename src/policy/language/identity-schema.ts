import type { z } from 'zod';
import type { Identity } from '../profile.ts';
import { issuerOfHost, TRIGGERS } from '../providers.ts';
import { known, list, oneOf, text } from './schema-parts.ts';

/** `host/owner/name`; some hosts have groups within groups. */
const REPOSITORY = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,5})?(?:\/[A-Za-z0-9_.-]+){2,}$/;

const repository = text('host/owner/name, such as github.com/owner/name')
  .regex(REPOSITORY, {
    error: ({ input }) => `must be host/owner/name${meant(input, (said) => REPOSITORY.test(said))}`,
  })
  .refine((said) => !REPOSITORY.test(said) || !/\.git$|\/\.{1,2}(?:\/|$)/.test(said), {
    error: ({ input }) =>
      `must be host/owner/name, as it is in an address that people open${meant(input, () => true)}`,
  })
  .refine(
    (said) => !REPOSITORY.test(said) || !said.startsWith('github.com/') || said.split('/').length === 3,
    {
      error: ({ input }) =>
        `must be host/owner/name, and no path within the repository${meant(input, () => true)}`,
    },
  );

/** What somebody who pasted an address most likely meant: `; write github.com/owner/name`. */
function meant(input: unknown, usable: (text: string) => boolean): string {
  if (typeof input !== 'string' || input.length > 512) return '';
  const bare = input
    .trim()
    .replace(/^(?:git\+)?(?:https?|ssh|git):\/\//i, '')
    .replace(/^[^/@]*@/, '')
    .replace(/^([^/:]+):(?![0-9]+\/)/, '$1/')
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  const [host = '', ...path] = bare.split('/');
  const short = [host.toLowerCase(), ...(host.toLowerCase() === 'github.com' ? path.slice(0, 2) : path)].join(
    '/',
  );
  if (REPOSITORY.test(short) && short !== input && usable(short)) return `: write ${short}`;
  return /^[A-Za-z0-9_-]+\/[A-Za-z0-9_.-]+$/.test(bare) ? `: write github.com/${bare}, if it is there` : '';
}

const ordinary = [...TRIGGERS].map(([host, words]) => `on ${host} ${words.join(', ')}`).join('; ');

const identity = known({
  repository: repository
    .describe('host/owner/name of the source, in the case of its letters: github.com/owner/name.')
    .optional(),
  workflow: text('the name of a workflow file, or its path in the repository')
    .regex(/^(?!\/)[^\s@:?#\\*]+$/, {
      error: 'must be the name of a workflow file, or its path in the repository, without ref and address',
    })
    .describe(
      'The workflow that ran: a file name alone is one in .github/workflows; with a slash, or on another host, the whole path in the repository.',
    )
    .optional(),
  issuer: text('the address of an OIDC issuer, https://…')
    .regex(/^https:\/\/[^\s/?#]+[^\s?#]*$/, 'must be the address of an OIDC issuer, https://…')
    .describe("Who vouches for the build's identity. Left out: the issuer of github.com or gitlab.com.")
    .optional(),
  ref: text('a ref such as refs/tags/v*')
    .regex(/^refs\/[^\s*]+\*?$/, {
      error: 'must be a whole ref such as refs/heads/main, or refs/tags/v* with one *, as its last character',
    })
    .describe('The branch or tag that was built: refs/heads/main, or a prefix that ends in *: refs/tags/v*.')
    .optional(),
  environment: text('the name of a deployment environment')
    .describe('The deployment environment, which may ask for a reviewer.')
    .optional(),
  'owner-id': text('the number of the owner')
    .regex(/^[0-9]{1,20}$/, "must be the owner's number, digits only, in quotes")
    .describe(
      "The number of the repository's owner, in quotes: it stays when an account is renamed, and is not given again.",
    )
    .optional(),
  subject: text("the certificate's subject, an address or an e-mail address")
    .regex(/^\S+$/, "must be the certificate's subject, whole")
    .describe(
      'The whole subject of the certificate, for signers without a repository such as a service account.',
    )
    .optional(),
  triggers: list(
    text('the name of an event').regex(/^[a-z_]{1,64}$/, 'must be the name of an event such as push'),
  )
    .min(1, 'must name at least one event')
    .describe(`The events that may start the build. Left out: ${ordinary}.`)
    .optional(),
  runner: oneOf(
    ['any'],
    "any: self-hosted runners are accepted. Left out: the provider's own only.",
  ).optional(),
  predicate: oneOf(
    ['slsa', 'publish'],
    'slsa: what it was built from. publish: only who uploaded it. Left out: either.',
  ).optional(),
});

/** The one signer from whom provenance is required, as a policy writes it. */
export const identitySchema = identity
  .refine((said) => said.repository !== undefined || said.subject !== undefined, {
    error: 'must name the repository, or the subject of a signer that has none',
  })
  .refine(
    ({ repository: said, issuer }) =>
      said === undefined || issuer !== undefined || issuerOfHost(said) !== null || !REPOSITORY.test(said),
    {
      path: ['repository'],
      error: 'is on a host whose issuer is not known: name the issuer too',
    },
  )
  .refine(
    (said) => said.repository !== undefined || said.subject === undefined || said.issuer !== undefined,
    {
      path: ['subject'],
      error: 'needs the issuer too: another issuer may give the same subject to somebody else',
    },
  )
  .meta({ anyOf: [{ required: ['repository'] }, { required: ['subject', 'issuer'] }] })
  .describe('The one signer from whom provenance is required.');

export type IdentityInput = z.infer<typeof identitySchema>;

export function identityOf(input: IdentityInput): Identity {
  return {
    repository: input.repository ?? null,
    workflow: input.workflow ?? null,
    issuer: input.issuer ?? null,
    ref: input.ref ?? null,
    environment: input.environment ?? null,
    ownerId: input['owner-id'] ?? null,
    subject: input.subject ?? null,
    triggers: input.triggers ?? null,
    selfHosted: input.runner === 'any',
    predicate: input.predicate ?? null,
  };
}

import { asciiJson } from './ascii.ts';
import { codesOf, type Fields, integerOf, type LoggedEntry, objectsOf, textOf, timeOf } from './logged.ts';
import { alarmSeverity, type Class, classOf, SEVERITY } from './ocsf-classes.ts';

/** The version of the Open Cybersecurity Schema Framework that events are of. */
export const OCSF_VERSION = '1.8.0';

/** Kinds of observables (OCSF object `observable`, `type_id`). */
const OBSERVABLE = { user: 4, 'file name': 7, hash: 8, 'resource uid': 10, 'user agent': 16 } as const;

const ACTION = { allowed: [1, 'Allowed'], denied: [2, 'Denied'], observed: [3, 'Observed'] } as const;
const DISPOSITION = { allowed: [1, 'Allowed'], blocked: [2, 'Blocked'], alert: [19, 'Alert'] } as const;
const STATUS = { success: [1, 'Success'], failure: [2, 'Failure'] } as const;

/**
 * An entry as one OCSF event, on one line of ASCII. Its texts are names of a grammar, digests and codes of ours; of free
 * text there is only the client's name (`user_agent`), as the gate reduced it: paths in archives and what certificates say are
 * in the entry alone, which `metadata.uid` names. `version`: of sallyport.
 */
export function ocsfLine(entry: LoggedEntry, version: string): string {
  return asciiJson(ocsfEvent(entry, version));
}

/** The same as an object. */
export function ocsfEvent(entry: LoggedEntry, version: string): Fields {
  const { fields } = entry;
  const type = textOf(fields, 'type') ?? '';
  const kind = classOf(type, fields);
  return present({
    ...classification(kind),
    time: integerOf(fields, 'time'),
    ...outcomeOf(type, fields),
    metadata: metadataOf(entry, type, version),
    ...subjectOf(type, entry),
    unmapped: unmappedOf(type, fields),
  });
}

/** The members that say what kind of event it is (OCSF, base event, group classification). */
function classification({ category, uid, activity, name }: Class): Fields {
  return {
    category_uid: category,
    class_uid: category * 1000 + uid,
    activity_id: activity,
    type_uid: (category * 1000 + uid) * 100 + activity,
    activity_name: name,
  };
}

/** Whence the event comes. `uid` is the leaf hash: an event that is sent twice has the same. */
function metadataOf({ seq, leaf, log, fields }: LoggedEntry, type: string, version: string): Fields {
  const profiles = CONTROLLED.has(type) ? ['security_control'] : undefined;
  return present({
    version: OCSF_VERSION,
    product: { name: 'sallyport', vendor_name: 'sallyport', version, feature: { name: 'install ledger' } },
    uid: leaf,
    sequence: seq,
    original_time: timeOf(fields),
    correlation_uid: textOf(fields, 'id'),
    log_name: log?.origin,
    log_format: 'RFC 8785',
    event_code: type,
    profiles,
  });
}

/** Types whose events say what a security control did. */
const CONTROLLED: ReadonlySet<string> = new Set(['decision', 'alarm']);

/** How grave it is, and how it ended. */
function outcomeOf(type: string, fields: Fields): Fields {
  if (type === 'decision') return decided(fields);
  if (type === 'alarm') return { ...SEVERITY[alarmSeverity(textOf(fields, 'code') ?? '')], ...raised };
  const failed = type === 'aborted' || textOf(fields, 'outcome') === 'rejected';
  const [status_id, status] = failed ? STATUS.failure : STATUS.success;
  const severity =
    type === 'log' && textOf(fields, 'reason') !== 'rotation' ? 'high' : failed ? 'low' : 'none';
  return { ...SEVERITY[severity], status_id, status };
}

const raised: Fields = {
  status_id: 1,
  status: 'New',
  is_alert: true,
  action_id: ACTION.observed[0],
  action: ACTION.observed[1],
  disposition_id: DISPOSITION.alert[0],
  disposition: DISPOSITION.alert[1],
};

/** Only what mode `observe` let through in spite of the policy is neither allowed nor denied: it was observed. */
function decided(fields: Fields): Fields {
  const allowed = textOf(fields, 'verdict') === 'allow';
  const observed = codesOf(fields, 'observed');
  const [status_id, status] = allowed ? STATUS.success : STATUS.failure;
  const action = !allowed ? ACTION.denied : observed.length > 0 ? ACTION.observed : ACTION.allowed;
  const disposition = !allowed
    ? DISPOSITION.blocked
    : observed.length > 0
      ? DISPOSITION.alert
      : DISPOSITION.allowed;
  const reasons = codesOf(fields, 'reasons');
  const grave = [...reasons, ...observed].some((code) => GRAVE.has(code));
  const severity = grave ? 'high' : allowed && observed.length === 0 ? 'none' : 'low';
  return {
    ...SEVERITY[severity],
    status_id,
    status,
    status_code: reasons[0],
    status_detail: [...reasons, ...observed].join(' ') || undefined,
    action_id: action[0],
    action: action[1],
    disposition_id: disposition[0],
    disposition: disposition[1],
  };
}

/** Codes that speak of an attack rather than of a list that lacks a name. */
const GRAVE: ReadonlySet<string> = new Set([
  'MALWARE',
  'DIGEST_CHANGED',
  'DIGEST_MISMATCH',
  'PIN_MISMATCH',
  'SIGNATURE_INVALID',
  'PROVENANCE_INVALID',
  'PROVENANCE_MISMATCH',
  'EVIDENCE_DOWNGRADE',
  'SIGNER_CHANGED',
  'METADATA_MISMATCH',
]);

/** What it is about: the members that its class asks for. */
function subjectOf(type: string, entry: LoggedEntry): Fields {
  const { fields } = entry;
  switch (type) {
    case 'decision':
      return decisionOf(fields);
    case 'alarm':
      return {
        finding_info: {
          uid: entry.leaf,
          title: textOf(fields, 'code') ?? 'alarm',
          data_sources: ['sallyport'],
        },
        evidences: evidencesOf(fields),
        resources: resourcesOf(fields),
        observables: observablesOf(fields, 'evidences.actor.user.name'),
      };
    case 'start':
    case 'stop':
      return { app: present({ name: 'sallyport', version: textOf(fields, 'release') }) };
    case 'policy':
      return { entity: policyEntity('policy', textOf(fields, 'policy')) };
    case 'admin':
      return { entity: { name: textOf(fields, 'code') ?? 'admin', type: 'setting' } };
    case 'log':
      return { entity: present({ name: textOf(fields, 'origin') ?? 'log', type: 'transparency log' }) };
    default:
      return {};
  }
}

function policyEntity(name: string, uid: string | undefined): Fields {
  return present({ name, type: 'Policy', type_id: 5, policy: present({ name, uid }) });
}

function decisionOf(fields: Fields): Fields {
  const agent = textOf(fields, 'agent') ?? 'unknown';
  const sum = integerOf(fields, 'refusals');
  const [place, policy] = [textOf(fields, 'place'), textOf(fields, 'policy')];
  return {
    actor: actorOf(agent),
    // No address is entered: an agent is where its requests come from.
    src_endpoint: { name: agent },
    api: {
      operation: textOf(fields, 'route') ?? 'unknown',
      service: { name: 'sallyport' },
      request: requestOf(fields),
    },
    http_request: some({ http_method: textOf(fields, 'method'), user_agent: textOf(fields, 'client') }),
    resources: resourcesOf(fields),
    observables: observablesOf(fields, 'actor.user.name'),
    policy:
      policy && present({ name: textOf(fields, 'profile') ?? 'default', uid: policy, is_applied: true }),
    firewall_rule: place && present({ name: place, type: textOf(fields, 'by') }),
    count: sum,
    start_time: sum === undefined ? undefined : integerOf(fields, 'since'),
    end_time: sum === undefined ? undefined : integerOf(fields, 'time'),
  };
}

function actorOf(agent: string): Fields {
  return { user: { name: agent, type_id: 4, type: 'Service' } };
}

/** Whose request it was, where it was one. */
function evidencesOf(fields: Fields): readonly Fields[] | undefined {
  const agent = textOf(fields, 'agent');
  return agent === undefined ? undefined : [{ actor: actorOf(agent) }];
}

function requestOf(fields: Fields): Fields {
  return { uid: textOf(fields, 'id') ?? '' };
}

/** The package that it is about. */
function resourcesOf(fields: Fields): readonly Fields[] | undefined {
  const [name, purl, file] = ['name', 'purl', 'file'].map((key) => textOf(fields, key));
  if (name === undefined && file === undefined) return undefined;
  return [
    present({
      name,
      uid: purl ?? name ?? file,
      version: textOf(fields, 'version'),
      type: 'package',
      namespace: textOf(fields, 'ecosystem'),
      data: some({
        file,
        size: integerOf(fields, 'size'),
        sha256: textOf(fields, 'sha256'),
        sha512: textOf(fields, 'sha512'),
        checks: checksOf(fields),
      }),
    }),
  ];
}

/** Each check of the bytes and their evidence, with its result. */
function checksOf(fields: Fields): Fields | undefined {
  return some(
    Object.fromEntries(
      objectsOf(fields, 'checks').map((one) => [textOf(one, 'check') ?? '', textOf(one, 'result')]),
    ),
  );
}

/** What has no place in its class. Of a decision a few; every other entry is made of our own words and names of a grammar. */
function unmappedOf(type: string, fields: Fields): Fields | undefined {
  const kept = Object.entries(fields).filter(([key]) =>
    type === 'decision' ? DECISION_REST.has(key) : !EVERYWHERE.has(key),
  );
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

const EVERYWHERE: ReadonlySet<string> = new Set(['type', 'id', 'time', 'v']);
const DECISION_REST: ReadonlySet<string> = new Set([
  'mode',
  'engine',
  'nearestAllowed',
  'eligibleAt',
  'waived',
  'counts',
]);

/** What a SIEM can search for in every class of event. `user`: where the event has the agent. */
function observablesOf(fields: Fields, user: string): readonly Fields[] | undefined {
  const hash = (name: 'sha256' | 'sha512') => textOf(fields, name)?.slice(name.length + 1);
  const all = [
    ['user', user, textOf(fields, 'agent')],
    ['resource uid', 'resources.uid', textOf(fields, 'purl')],
    ['file name', 'resources.data.file', textOf(fields, 'file')],
    ['hash', 'resources.data.sha256', hash('sha256')],
    ['hash', 'resources.data.sha512', hash('sha512')],
    ['user agent', 'http_request.user_agent', textOf(fields, 'client')],
  ] as const;
  const found = all.flatMap(([kind, name, value]) =>
    value === undefined ? [] : [{ name, type_id: OBSERVABLE[kind], value }],
  );
  return found.length > 0 ? found : undefined;
}

/** The members that have a value. */
function present(members: Fields): Fields {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The same; undefined where none has. */
function some(members: Fields): Fields | undefined {
  const kept = present(members);
  return Object.keys(kept).length > 0 ? kept : undefined;
}

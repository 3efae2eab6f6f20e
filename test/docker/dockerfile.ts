/** One instruction of a Dockerfile: `COPY --from=build /build/dist ./dist`. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** `--from=build` → `from: build`. */
  readonly flags: ReadonlyMap<string, string>;
  /** What follows the flags, lines joined, comments gone. */
  readonly rest: string;
  /** The words of the exec form `["node", "x"]`; null in the shell form. */
  readonly exec: readonly string[] | null;
  readonly line: number;
}

export interface Stage {
  readonly image: string;
  readonly name: string | null;
  /** All that follows its FROM. */
  readonly steps: readonly Instruction[];
}

export interface Dockerfile {
  /** ARG before the first FROM: name → default. */
  readonly args: ReadonlyMap<string, string>;
  readonly stages: readonly Stage[];
}

const KNOWN =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)$/;

/** Reads the subset of the language that we write; throws on anything else, so that nothing is passed over. */
export function parseDockerfile(text: string): Dockerfile {
  const args = new Map<string, string>();
  const stages: (Stage & { readonly steps: Instruction[] })[] = [];
  for (const instruction of instructions(text)) {
    const stage = stages.at(-1);
    if (instruction.name === 'FROM') {
      const [, image, , name] = /^(\S+)(\s+AS\s+(\S+))?$/i.exec(instruction.rest) ?? [];
      if (!image) throw new Error(`line ${instruction.line}: FROM ${instruction.rest} is not understood`);
      stages.push({ image: substitute(image, args), name: name ?? null, steps: [] });
    } else if (stage) stage.steps.push(instruction);
    else if (instruction.name === 'ARG') {
      const [name = '', value = ''] = instruction.rest.split('=', 2);
      args.set(name, value);
    } else throw new Error(`line ${instruction.line}: ${instruction.name} before the first FROM`);
  }
  return { args, stages };
}

function instructions(text: string): Instruction[] {
  const found: Instruction[] = [];
  let pending: { text: string; line: number } | null = null;
  text.split('\n').forEach((raw, i) => {
    if (/^\s*(#|$)/.test(raw)) return;
    const start = pending ?? { text: '', line: i + 1 };
    const joined = start.text + raw.trim();
    if (joined.endsWith('\\')) {
      pending = { text: `${joined.slice(0, -1)} `, line: start.line };
      return;
    }
    pending = null;
    found.push(instruction(joined, start.line));
  });
  if (pending) throw new Error('the last line is continued');
  return found;
}

function instruction(text: string, line: number): Instruction {
  const [, word = '', all = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  const name = word.toUpperCase();
  if (!KNOWN.test(name)) throw new Error(`line ${line}: ${word} is not understood`);
  const flags = new Map<string, string>();
  let rest = all;
  for (let m = flag(rest); m; m = flag(rest)) {
    flags.set(m[1] ?? '', m[2] ?? '');
    rest = rest.slice(m[0].length);
  }
  return { name, flags, rest: rest.trim(), exec: execForm(rest), line };
}

function flag(text: string): RegExpExecArray | null {
  return /^\s*--([a-z-]+)=(\S+)\s*/.exec(text);
}

function execForm(text: string): readonly string[] | null {
  const list = /(\[.*\])\s*$/s.exec(text)?.[1];
  if (!list) return null;
  try {
    const words: unknown = JSON.parse(list);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : null;
  } catch {
    return null;
  }
}

function substitute(text: string, args: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => args.get(name) ?? '');
}

/** `ENV A=1 B=2` → both pairs. */
export function pairsOf(instruction: Instruction): [string, string][] {
  return [...instruction.rest.matchAll(/([A-Za-z_]\w*)=("[^"]*"|\S*)/g)].map((m) => [
    m[1] ?? '',
    (m[2] ?? '').replace(/^"|"$/g, ''),
  ]);
}

const SECRET = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_AUTH$|_KEY$/i;

/** What is wrong with the image that a Dockerfile makes; empty where nothing is. */
export function lintDockerfile(text: string): string[] {
  const { stages } = parseDockerfile(text);
  const wrong: string[] = [];
  const last = stages.at(-1);
  if (!last) return ['no stage'];
  const steps = stages.flatMap((stage) => stage.steps);
  const of = (name: string) => last.steps.filter((step) => step.name === name);

  if (stages.length < 2) wrong.push('one stage: the compiler would be in the image');
  for (const { image } of stages) {
    const own = stages.some((stage) => stage.name === image);
    if (!own && (!/[:@]/.test(image) || /:latest\b/.test(image))) wrong.push(`${image} has no fixed version`);
  }
  for (const step of steps) {
    if (step.name === 'ADD') wrong.push(`line ${step.line}: ADD fetches and unpacks; use COPY`);
    if (step.name === 'COPY' && /(^|\s)\.{1,2}\/?\s/.test(step.rest) && !step.flags.has('from'))
      wrong.push(`line ${step.line}: the whole folder is copied`);
    if (step.name === 'RUN' && /\b(curl|wget|git clone)\b/.test(step.rest))
      wrong.push(`line ${step.line}: something unverified is fetched`);
    if (step.name === 'RUN' && /\bnpm (i|install|add)\b/.test(step.rest))
      wrong.push(`line ${step.line}: npm ci installs what the lockfile says`);
    if (step.name === 'RUN' && /\bnpm ci\b/.test(step.rest) && !step.rest.includes('--ignore-scripts'))
      wrong.push(`line ${step.line}: install scripts run`);
    if (step.name === 'ENV' || step.name === 'ARG') {
      for (const name of step.rest.split(/\s+/).map((word) => word.split('=')[0] ?? ''))
        if (SECRET.test(name)) wrong.push(`line ${step.line}: ${name} would be kept in the image`);
    }
  }
  const user = of('USER').at(-1);
  const uid = user?.rest.split(':')[0] ?? '0';
  if (!/^[1-9]\d*$/.test(uid)) wrong.push('it runs as root, or as a name that a host cannot judge');
  const start = last.steps.findIndex((step) => step.name === 'ENTRYPOINT' || step.name === 'CMD');
  if (start < 0) wrong.push('nothing is started');
  else if (user && last.steps.indexOf(user) > start) wrong.push('USER comes after what is started');
  for (const step of [...of('ENTRYPOINT'), ...of('CMD')])
    if (!step.exec) wrong.push(`line ${step.line}: a shell would swallow the signals`);
  if (of('HEALTHCHECK').length !== 1 || /^NONE/i.test(of('HEALTHCHECK')[0]?.rest ?? ''))
    wrong.push('no health check');
  if (of('STOPSIGNAL').length !== 1) wrong.push('no stop signal');
  if (of('VOLUME').length !== 1) wrong.push('the data must be in one volume');
  if (
    of('EXPOSE')
      .map((step) => step.rest)
      .join() !== '4880'
  )
    wrong.push('EXPOSE must be 4880');
  return wrong;
}

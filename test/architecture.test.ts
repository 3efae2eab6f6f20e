import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const SRC = join(ROOT, 'src');

interface Room {
  readonly floor: number;
  readonly imports: ReadonlySet<string> | 'all';
  readonly touches: string;
}

/** The floor table of ARCHITECTURE.md: room → what it may import and touch. */
function floorTable(): Map<string, Room> {
  const rooms = new Map<string, Room>();
  for (const line of readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8').split('\n')) {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const [floor, names, imports, touches] = cells;
    if (cells.length !== 4 || !floor || !/^\d$/.test(floor) || !names || !imports || !touches) continue;
    const allowed = imports === 'all' ? 'all' : new Set(imports === 'nothing' ? [] : imports.split(/,\s*/));
    for (const name of names.split(/,\s*/))
      rooms.set(name, { floor: Number(floor), imports: allowed, touches });
  }
  return rooms;
}

function sources(): string[] {
  return readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(SRC, join(entry.parentPath, entry.name)));
}

/** The room of a file: its top folder, or its own name at the top. */
function roomOf(file: string): string {
  const [head = ''] = file.split('/');
  return head.replace(/\.ts$/, '');
}

/** Every module that a file names, however it does. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? '');
}

const NETWORK = [
  'node:http',
  'node:https',
  'node:http2',
  'node:net',
  'node:tls',
  'node:dgram',
  'node:dns',
  'undici',
  'fastify',
];
const FILES = ['node:fs', 'node:fs/promises', 'better-sqlite3'];
const PROCESS = ['node:process', 'node:child_process', 'node:cluster', 'node:os', 'pino'];
const GLOBALS =
  /(?<![\w.'#])(process\.(?!env\b\s*:)|Date\.now\(|new Date\(\)|Math\.random\(|setTimeout\(|setInterval\(|fetch\()/;

/** What a room's `may touch` cell lets its files import. */
const TOUCH: Record<string, readonly string[]> = {
  nothing: [],
  files: FILES,
  network: NETWORK,
  terminal: [],
  all: [...NETWORK, ...FILES, ...PROCESS],
};

const rooms = floorTable();
const files = sources();

test('the floor table names every room, and every room is in it', () => {
  const found = new Set(files.map(roomOf));
  expect([...found].filter((room) => !rooms.has(room))).toEqual([]);
  expect(rooms.size).toBeGreaterThan(10);
});

test('every arrow goes down, and never to a neighbour', () => {
  const wrong: string[] = [];
  for (const file of files) {
    const room = roomOf(file);
    const { imports } = rooms.get(room) ?? { imports: new Set<string>() };
    for (const target of importsOf(readFileSync(join(SRC, file), 'utf8'))) {
      if (!target.startsWith('.')) continue;
      const other = roomOf(relative(SRC, resolve(dirname(join(SRC, file)), target)));
      if (other === room || imports === 'all' || imports.has(other)) continue;
      wrong.push(`${file} imports ${target}: ${room} may not import ${other}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('no file imports itself by way of others', () => {
  const targets = new Map(
    files.map((file) => [
      file,
      importsOf(readFileSync(join(SRC, file), 'utf8'))
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(SRC, resolve(dirname(join(SRC, file)), target))),
    ]),
  );
  const done = new Set<string>();
  const rings: string[] = [];
  const follow = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) rings.push([...way.slice(way.indexOf(file)), file].join(' → '));
    else if (!done.has(file)) for (const next of targets.get(file) ?? []) follow(next, [...way, file]);
    done.add(file);
  };
  for (const file of files) follow(file, []);
  expect(rings).toEqual([]);
});

test('a table row only lets a room import floors below its own', () => {
  const wrong: string[] = [];
  for (const [name, room] of rooms) {
    if (room.imports === 'all') continue;
    for (const other of room.imports) {
      if ((rooms.get(other)?.floor ?? 99) >= room.floor) wrong.push(`${name} → ${other}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('a room touches only what its row says', () => {
  const wrong: string[] = [];
  const outside = [...NETWORK, ...FILES, ...PROCESS];
  for (const file of files) {
    const touches = rooms.get(roomOf(file))?.touches ?? 'nothing';
    const allowed = touches.split(/,\s*/).flatMap((word) => TOUCH[word] ?? []);
    const text = readFileSync(join(SRC, file), 'utf8');
    for (const target of importsOf(text)) {
      if (outside.includes(target) && !allowed.includes(target)) wrong.push(`${file} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('a pure room has no clock, no chance, no timers and no process', () => {
  const pure = new Set(['model', 'ecosystems', 'policy', 'verify', 'admission']);
  const wrong: string[] = [];
  for (const file of files) {
    if (!pure.has(roomOf(file))) continue;
    const code = readFileSync(join(SRC, file), 'utf8')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\/\/.*$/gm, '');
    const match = GLOBALS.exec(code);
    if (match) wrong.push(`${file}: ${match[0]}`);
  }
  expect(wrong).toEqual([]);
});

test('no address of a registry stands in the sources, the documents or the lockfile', async () => {
  const { default: fetchLibrary } = await import('npm-registry-fetch');
  const { defaultPypiBase } = await import('../src/upstream/defaults.ts');
  const hosts = [new URL(fetchLibrary.pickRegistry('x', {})).host, new URL(await defaultPypiBase()).host];
  const tracked = readdirSync(ROOT, { recursive: true, withFileTypes: true })
    .filter(
      (e) => e.isFile() && !/node_modules|\.git\/|\/dist\/|\/data\//.test(`${join(e.parentPath, e.name)}`),
    )
    .map((e) => join(e.parentPath, e.name))
    .filter((path) => /\.(ts|md|json|ya?ml|txt|js|mjs|py|sh)$|Dockerfile|\/run$|npmrc$/.test(path));
  const wrong = tracked.filter((path) => {
    const text = readFileSync(path, 'utf8');
    return hosts.some((host) => text.includes(host));
  });
  expect(wrong.map((path) => relative(ROOT, path))).toEqual([]);
}, 60_000);

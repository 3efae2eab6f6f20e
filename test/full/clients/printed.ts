import { clientSettings } from '../../../src/cli/client-config.ts';
import type { Address, Client } from '../../harness/clients.ts';
import { publicPypi } from './addresses.ts';

/** A client that is pointed at the firewall by nothing but what `sallyport client-config` prints for it. */
export function asPrinted(client: Client): Client {
  return {
    ...client,
    env: (address) => ({
      ...withoutAddress(client, address),
      ...token(address),
      ...environment(client, address),
    }),
    files: (address) => ({ ...bare(client, address), ...files(client, address) }),
  };
}

function settingsOf(client: Client, { url, token }: Address): { where: string; lines: readonly string[] } {
  const name = client.id.replace(/^yarn-/, 'yarn ').replace(/-\d+$/, '');
  const found = clientSettings(url, token !== undefined).find((setting) => setting.client === name);
  if (!found) throw new Error(`nothing is printed for ${name}`);
  return found;
}

const token = (address: Address) => (address.token === undefined ? {} : { SALLYPORT_TOKEN: address.token });

/** What the table sets that has nothing to do with the firewall's address. */
function withoutAddress(client: Client, { url }: Address): Record<string, string> {
  const { hostname } = new URL(url);
  const settings = Object.entries(client.env({ url }));
  return Object.fromEntries(settings.filter(([, value]) => !value.includes(hostname)));
}

/** The project as it is before anybody has heard of a firewall. */
function bare(client: Client, { url }: Address): Record<string, string> {
  const project = { ...client.files({ url }) };
  if (client.id === 'pipenv') {
    project['Pipfile'] = project['Pipfile']?.replace(`${url}/pypi/simple/`, publicPypi()) ?? '';
  }
  if (client.id === 'poetry') {
    project['pyproject.toml'] =
      project['pyproject.toml']?.replace(/\[\[tool\.poetry\.source\]\][\s\S]*$/, '') ?? '';
  }
  return project;
}

/** `export NAME=value`, and for poetry `# environment: NAME=value …`, as a shell would read them. */
function environment(client: Client, address: Address): Record<string, string> {
  const { where, lines } = settingsOf(client, address);
  if (!where.includes('environment')) return {};
  const text = lines.filter((line) => /^(export|# environment:) /.test(line)).join(' ');
  const set = text.matchAll(/\b([A-Z_]+)=(\S+)/g);
  return Object.fromEntries(
    [...set].map(([, name = '', value = '']) => [
      name,
      value.replaceAll('$SALLYPORT_TOKEN', address.token ?? ''),
    ]),
  );
}

function files(client: Client, address: Address): Record<string, string> {
  const { where, lines } = settingsOf(client, address);
  const text = lines.filter((line) => !/^(export|#) /.test(line)).join('\n');
  const before = bare(client, address);
  const named = where.split(/, | and /).filter((name) => name !== 'environment');
  return Object.fromEntries(named.map((name) => [name, `${before[name] ?? ''}${text}\n`]));
}

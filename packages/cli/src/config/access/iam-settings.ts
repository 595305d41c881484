import type { AccessRule } from '@pgweir/pooler';
import { IamOptions } from '../../aws/iam-options';
import { awsLibrary } from '../../aws/library';
import { stsEndpoint } from '../../aws/sts-endpoint';
import { reasonOf } from '../../system-error';
import { type Place, quoted } from '../finding';
import { readSettingFile } from '../setting-file';
import type { GlobalValues } from '../settings';
import type { AccessContext } from './access-settings';
import { type IamMaps, readIamMapFile } from './iam-map-file';

type IamContext = Pick<
  AccessContext,
  'access' | 'findings' | 'place' | 'passesTokens' | 'stsEndpoint'
>;

/** Makes the options for one map; undefined: the one of `iam_map`. `place`: who wants them. */
export type IamReader = (mapName: string | undefined, place: Place) => IamOptions;

const SAID = ['iam_server_name', 'iam_sts_regions', 'iam_map_file'] as const;
const NAMES = [...SAID, 'iam_map'] as const;

/** Reads what `auth_type = iam` needs. */
export function readIam(values: GlobalValues, context: IamContext): IamOptions | undefined {
  const { findings, place } = context;
  if (values.auth_type !== 'iam') return undefined;
  if (values.client_tls_sslmode === 'disable' && values.listen_addr.length > 0) {
    findings.problem(
      place('auth_type'),
      'auth_type = iam needs client_tls_sslmode: require, or another',
    );
  }
  return iamReader(values, context)(undefined, place('auth_type'));
}

/** Reads the settings of IAM and its maps when the first options are wanted, and once. */
export function iamReader(values: GlobalValues, context: IamContext): IamReader {
  let read: { readonly maps: IamMaps | undefined } | undefined;
  return (mapName = values.iam_map, place) => {
    read ??= { maps: readMaps(values, context, place) };
    const entries = read.maps?.get(mapName);
    if (entries === undefined && read.maps !== undefined) {
      const message = `there is no map ${quoted(mapName)}: ${quoted(values.iam_map_file)} has none`;
      context.findings.problem(place, message);
    }
    const rules = { serverNames: values.iam_server_name, regions: values.iam_sts_regions };
    return new IamOptions(rules, { name: mapName, entries: entries ?? [] });
  };
}

/** One warning for each setting that nobody reads. */
export function warnOfUnusedIam(
  values: GlobalValues,
  rules: readonly AccessRule[],
  { findings, place }: Pick<IamContext, 'findings' | 'place'>,
): void {
  if (values.auth_type === 'iam' || rules.some(({ method }) => method === 'iam')) return;
  for (const name of SAID) {
    if (values[name].length === 0) continue;
    const message = `${name} has no effect: it matters only with auth_type = iam, or iam in a rule`;
    findings.warning(place(name), message);
  }
}

/** @returns undefined: the file cannot be read, or there is none; a problem was found */
function readMaps(values: GlobalValues, context: IamContext, wanted: Place): IamMaps | undefined {
  const { findings, place } = context;
  // Then tokens for RDS are all that clients have to bring.
  if (context.passesTokens === true && SAID.every((name) => values[name].length === 0)) {
    return undefined;
  }
  for (const name of NAMES) {
    if (values[name].length === 0) findings.problem(wanted, `iam needs ${name}`);
  }
  const library = libraryOr((reason) => findings.problem(wanted, `iam: ${reason}`));
  const check = (
    name: 'iam_server_name' | 'iam_sts_regions',
    isGood: ((text: string) => boolean) | undefined,
    what: string,
  ): void => {
    const bad = values[name].find((text) => isGood?.(text) === false);
    if (bad !== undefined) findings.problem(place(name), `${name}: ${quoted(bad)} is no ${what}`);
  };
  check('iam_server_name', library?.isServerName, 'name like that of a host, in lower case');
  check('iam_sts_regions', library?.isRegion, 'region of AWS');
  // Said now, and not when the first client comes.
  const fault = library?.stsEndpointProblem(context.stsEndpoint ?? stsEndpoint());
  if (fault !== undefined) findings.problem(wanted, `iam: ${fault}`);
  const text = readSettingFile('iam_map_file', values, context);
  return text === undefined ? undefined : readIamMapFile(text, values.iam_map_file, findings);
}

function libraryOr(missing: (reason: string) => void) {
  try {
    return awsLibrary();
  } catch (error) {
    missing(reasonOf(error));
    return undefined;
  }
}

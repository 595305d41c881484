/** Who has signed a request, as STS says. */
export interface CallerIdentity {
  readonly arn: string;
  /** Twelve digits, the same as in the ARN. */
  readonly account: string;
  readonly userId: string;
}

export type StsAnswer =
  | { readonly kind: 'identity'; readonly identity: CallerIdentity }
  /** STS has judged. `why` is for the log. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nobody has judged. */
  | { readonly kind: 'unavailable'; readonly why: string };

const SPACE = '\\s*';
const VALUE = '<(?:Arn|UserId|Account)>[^<>]*</(?:Arn|UserId|Account)>';
const IDENTITY = new RegExp(
  [
    '^(?:<\\?xml [^<>]{0,100}\\?>)?',
    '<GetCallerIdentityResponse(?: xmlns="[^"<>]{0,200}")?>',
    '<GetCallerIdentityResult>',
    `(${VALUE}(?:\\s*${VALUE}){2})`,
    '</GetCallerIdentityResult>',
    '<ResponseMetadata>',
    '<RequestId>[^<>]*</RequestId>',
    '</ResponseMetadata>',
    '</GetCallerIdentityResponse>$',
  ].join(SPACE),
);
const ELEMENT = /<(Arn|UserId|Account)>([^<>]*)<\/(\w+)>/g;
const ERROR_CODE = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/;
const ARN =
  /^arn:aws[a-z-]{0,20}:(?:iam|sts)::(\d{12}):(?:root|(?:user|assumed-role|federated-user)\/[!-~]+)$/;

/** These say that STS has not looked at the request. */
const BUSY: readonly string[] = ['Throttling', 'ThrottlingException', 'RequestLimitExceeded'];

/** What an answer of STS says; it is believed only when it is whole, and of the one form that is known. */
export function readAnswer(status: number, body: string): StsAnswer {
  if (status === 200) {
    const identity = identityOf(body.trim());
    if (identity !== undefined) return { kind: 'identity', identity };
    return { kind: 'unavailable', why: 'the answer of STS is not understood' };
  }
  const code = ERROR_CODE.exec(body)?.[1];
  if (status >= 300 && status < 400) {
    return { kind: 'unavailable', why: `STS redirects (${status}), which is not followed` };
  }
  const why = `STS: ${code ?? 'no code'} (${status})`;
  const judged = status === 400 || status === 403;
  if (!judged || code === undefined || BUSY.includes(code)) return { kind: 'unavailable', why };
  return { kind: 'refused', why };
}

function identityOf(body: string): CallerIdentity | undefined {
  const elements = IDENTITY.exec(body)?.[1];
  if (elements === undefined) return undefined;
  const found = new Map<string, string>();
  for (const [, name = '', text = '', end] of elements.matchAll(ELEMENT)) {
    const value = unescaped(text.trim());
    if (name !== end || value === undefined || found.has(name)) return undefined;
    found.set(name, value);
  }
  const [arn = '', account = '', userId = ''] = ['Arn', 'Account', 'UserId'].map((name) =>
    found.get(name),
  );
  if (userId === '' || account === '' || ARN.exec(arn)?.[1] !== account) return undefined;
  return { arn, account, userId };
}

const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" },
};

/** @returns undefined when something is escaped in another way */
function unescaped(text: string): string | undefined {
  let isKnown = true;
  const value = text.replace(/&([^&;]{0,8});?/g, (entity, name: string) => {
    const code = /^#(\d{2,3})$/.exec(name)?.[1] ?? /^#x([0-9a-fA-F]{2})$/.exec(name)?.[1];
    const number = name.startsWith('#x') ? Number.parseInt(code ?? '', 16) : Number(code);
    const isPrintable = number >= 0x21 && number <= 0x7e;
    const character = isPrintable ? String.fromCharCode(number) : NAMED[name];
    if (character === undefined || !entity.endsWith(';')) isKnown = false;
    return character ?? '';
  });
  return isKnown ? value : undefined;
}

import { Backend, Frontend, SqlState } from '../src';

const letters = (table: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(table).map(([name, tag]) => [name, String.fromCharCode(tag)]));

test('frontend tags are those of the protocol', () => {
  expect(letters(Frontend)).toEqual({
    Bind: 'B',
    Close: 'C',
    CopyData: 'd',
    CopyDone: 'c',
    CopyFail: 'f',
    Describe: 'D',
    Execute: 'E',
    Flush: 'H',
    FunctionCall: 'F',
    Parse: 'P',
    Password: 'p',
    Query: 'Q',
    Sync: 'S',
    Terminate: 'X',
  });
});

test('backend tags are those of the protocol', () => {
  expect(letters(Backend)).toEqual({
    Authentication: 'R',
    BackendKeyData: 'K',
    BindComplete: '2',
    CloseComplete: '3',
    CommandComplete: 'C',
    CopyBothResponse: 'W',
    CopyData: 'd',
    CopyDone: 'c',
    CopyInResponse: 'G',
    CopyOutResponse: 'H',
    DataRow: 'D',
    EmptyQueryResponse: 'I',
    ErrorResponse: 'E',
    FunctionCallResponse: 'V',
    NegotiateProtocolVersion: 'v',
    NoData: 'n',
    NoticeResponse: 'N',
    NotificationResponse: 'A',
    ParameterDescription: 't',
    ParameterStatus: 'S',
    ParseComplete: '1',
    PortalSuspended: 's',
    ReadyForQuery: 'Z',
    RowDescription: 'T',
  });
});

test('SQLSTATEs are five characters, each used once', () => {
  const codes = Object.values(SqlState);
  for (const code of codes) expect(code).toMatch(/^[0-9A-Z]{5}$/);
  expect(new Set(codes).size).toBe(codes.length);
});

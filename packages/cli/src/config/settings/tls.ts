import { tlsProtocols } from '../tls-protocols';
import { oneOf, text } from '../value-types';
import { setting } from './row';

const tlsMode = oneOf(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']);

const CIPHERS_HELP =
  'Ciphers up to TLS 1.2: a list as OpenSSL has it, or default, secure, fast, normal, all.';
const CIPHERS_DIFFER =
  'default, secure and fast all mean the runtime default of modern ciphers; better: weak ones are not ' +
  'offered (whoever needs one gets it by a list)';

/** TLS on both sides. Files are read at start and at every reload. */
export const TLS = {
  client_tls_sslmode: setting(tlsMode, {
    default: 'disable',
    help:
      'TLS towards clients: disable, allow and prefer (as the client likes), require, verify-ca and ' +
      'verify-full (the client must show a certificate of client_tls_ca_file).',
  }),
  client_tls_key_file: setting(text(), { help: 'Private key shown to clients, in PEM.' }),
  client_tls_cert_file: setting(text(), {
    help: 'Certificate shown to clients, in PEM, with its chain.',
  }),
  client_tls_ca_file: setting(text(), {
    differs:
      'below verify-ca a client is asked for its certificate only where a rule has cert; better: one that ' +
      'nobody needs ends no handshake',
    help: "Certificates of the authorities that sign clients' certificates.",
  }),
  client_tls_protocols: setting(tlsProtocols, {
    default: 'secure',
    help: 'Versions of TLS: tlsv1.0 to tlsv1.3 with commas between, all, or secure (1.2 and 1.3).',
  }),
  client_tls_ciphers: setting(text(), {
    default: 'default',
    differs: CIPHERS_DIFFER,
    help: CIPHERS_HELP,
  }),
  client_tls13_ciphers: setting(text(), {
    help: 'Cipher suites of TLS 1.3. Not set: the default.',
  }),
  client_tls_ecdhcurve: setting(text(), {
    default: 'auto',
    help: 'Curves for the key exchange: auto, or names with colons between.',
  }),
  client_tls_dheparams: setting(
    oneOf(['auto', 'none'], { legacy: '1024-bit parameters are not safe; use auto or none' }),
    { default: 'auto', help: 'Parameters for Diffie-Hellman: auto or none.' },
  ),
  server_tls_sslmode: setting(tlsMode, {
    default: 'prefer',
    help:
      'TLS towards servers: disable, allow and prefer (when the server has it), require, verify-ca ' +
      '(certificate of server_tls_ca_file), verify-full (and the name of the host).',
  }),
  server_tls_ca_file: setting(text(), {
    help: "Certificates of the authorities that sign servers' certificates.",
  }),
  server_tls_key_file: setting(text(), { help: 'Private key shown to servers, in PEM.' }),
  server_tls_cert_file: setting(text(), { help: 'Certificate shown to servers, in PEM.' }),
  server_tls_protocols: setting(tlsProtocols, {
    default: 'secure',
    help: 'Versions of TLS, as in client_tls_protocols.',
  }),
  server_tls_ciphers: setting(text(), {
    default: 'default',
    differs: CIPHERS_DIFFER,
    help: CIPHERS_HELP,
  }),
  server_tls13_ciphers: setting(text(), {
    help: 'Cipher suites of TLS 1.3. Not set: the default.',
  }),
};

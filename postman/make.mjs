// Makes the Postman collection and its environments from journey.mjs and the OpenAPI document.
//
//   node postman/make.mjs           writes them
//   node postman/make.mjs --check   fails when the committed ones differ
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { steps } from './journey.mjs';

const here = path => new URL(path, import.meta.url);
const openapi = JSON.parse(readFileSync(here('../openapi/openapi.json'), 'utf8'));

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const LAST_STEP = 25;
const TRIES = 100;
const PAUSE_MS = 200;

const refuse = reason => {
  console.error(`postman: ${reason}`);
  process.exit(1);
};

// ---- what both folders share

/** The variables that the journey sets. */
const REMEMBERED = new Set(steps.flatMap(({ requests }) => requests.flatMap(request => Object.keys(request.remember ?? {}))));

const resolve = thing => (thing?.$ref ? resolve(thing.$ref.slice(2).split('/').reduce((at, key) => at[key], openapi)) : thing);

/** An address as Postman writes it: `{id}` becomes `:id`, filled in by a path variable. */
const url = (path, variables, query) => {
  const parts = path.slice(1).split('/').map(part => part.replace(/^\{(.+)\}$/, ':$1'));
  const shown = query.filter(parameter => !parameter.disabled).map(({ key, value }) => `${key}=${value}`).join('&');
  return {
    raw: `{{base_url}}/${parts.join('/')}${shown && `?${shown}`}`,
    host: ['{{base_url}}'],
    path: parts,
    ...(query.length && { query }),
    ...(variables.length && { variable: variables }),
  };
};

const jsonBody = text => ({ mode: 'raw', raw: text, options: { raw: { language: 'json' } } });
const pretty = value => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
const formField = (key, value) =>
  value.startsWith('@') ? { key, type: 'file', src: value.slice(1) } : { key, type: 'text', value };

// ---- the journey

/** What stands behind the arrow of a function, moved to the left margin. */
const bodyOf = expression => {
  if (typeof expression === 'string') return expression;
  const text = expression.toString().replace(/^\(?\w*\)?\s*=>\s*/, '');
  const margin = Math.min(...[...text.matchAll(/\n( *)\S/g)].map(match => match[1].length), 99);
  return text.replaceAll(`\n${' '.repeat(margin)}`, '\n  ');
};

const asText = text => `'${text.replaceAll("'", "\\'")}'`;

/** The script that checks an answer and remembers what the next requests need. */
function script(request) {
  const checks = [];
  for (const [name, test] of Object.entries(request.tests ?? {})) {
    checks.push(`pm.test(${asText(name)}, () => ${bodyOf(test)});`);
  }
  for (const [variable, from] of Object.entries(request.remember ?? {})) {
    const value = typeof from === 'string' ? `answer.${from}` : bodyOf(from);
    checks.push(`pm.collectionVariables.set('${variable}', ${value});`);
  }
  // A problem that came instead is shown whole.
  const status = `pm.test('it answers ${request.status}', () => pm.expect(pm.response.code, pm.response.text()).to.equal(${request.status}));`;
  const text = [status, ...(request.until ? asking(bodyOf(request.until), checks) : checks)].join('\n');
  const needed = [
    [/\banswer\b/, 'const answer = pm.response.json();'],
    [/\bsha256\(/, "const { SHA256, enc } = require('crypto-js');\nconst sha256 = bytes => SHA256(enc.Hex.parse(bytes.toString('hex'))).toString();"],
  ];
  const prelude = needed.filter(([mention]) => mention.test(text)).map(([, line]) => line);
  return [...prelude, text].join('\n').split('\n');
}

/** Asks again after a pause, so often at most, until the condition holds. */
const asking = (condition, checks) => [
  `const comes = ${condition};`,
  "const tries = Number(pm.collectionVariables.get('tries') ?? 0);",
  `if (!comes && tries < ${TRIES}) {`,
  "  pm.collectionVariables.set('tries', tries + 1);",
  '  pm.execution.setNextRequest(pm.info.requestName);',
  `  setTimeout(() => {}, ${PAUSE_MS});`,
  '} else {',
  "  pm.collectionVariables.unset('tries');",
  "  pm.test('it has come', () => pm.expect(comes).to.be.true);",
  ...checks.map(check => `  ${check.replaceAll('\n', '\n  ')}`),
  '}',
];

const AUTHORISATION = {
  visitor: { type: 'noauth' },
  customer: undefined, // the collection's
  reviewer: { type: 'bearer', bearer: [{ key: 'token', value: '{{reviewer_token}}', type: 'string' }] },
};

/** A request of the journey; what it asks must be in the OpenAPI document. */
function journeyItem(request, label, guide) {
  const [method, path] = request.ask.split(' ');
  const operation = openapi.paths[path]?.[method.toLowerCase()];
  if (!operation) refuse(`${label}: the OpenAPI document has no ${request.ask}`);
  if (!operation.responses[request.status]) refuse(`${label}: ${request.ask} never answers ${request.status}`);
  const { at = {}, query = {}, headers = {}, body, form, as = 'customer' } = request;
  const list = Object.entries(headers).map(([key, value]) => ({ key, value }));
  if (body) list.push({ key: 'Content-Type', value: 'application/json' });
  const auth = AUTHORISATION[as];
  return {
    name: label,
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: script(request) } }],
    request: {
      method,
      ...(auth && { auth }),
      header: list,
      url: url(
        path,
        Object.entries(at).map(([key, value]) => ({ key, value })),
        Object.entries(query).map(([key, value]) => ({ key, value })),
      ),
      ...(body && { body: jsonBody(pretty(body)) }),
      ...(form && { body: { mode: 'formdata', formdata: Object.entries(form).map(([key, value]) => formField(key, value)) } }),
      description: guide ? `${operation.summary}.\n\nThe guide: «${guide}»` : operation.summary,
    },
  };
}

function journey() {
  steps.forEach(({ step, requests }, index) => {
    if (step !== index || !requests.length) refuse(`step ${index} of the journey is missing`);
  });
  if (steps.length !== LAST_STEP + 1) refuse(`the journey ends at step ${steps.length - 1}`);
  const item = steps.flatMap(({ step, guide, requests }) =>
    requests.map((request, index) => {
      const letter = requests.length > 1 ? String.fromCharCode(97 + index) : '';
      return journeyItem(request, `${String(step).padStart(2, '0')}${letter} ${request.name}`, guide);
    }),
  );
  return {
    name: 'Journey',
    description: 'From the comparison of plans to the active service, step by step as the guide tells it. Run the folder in order; every run makes a customer of its own.',
    item,
  };
}

// ---- the reference

/** A value that a schema allows: what the journey remembers under its name, or its example. */
function exampleOf(schemaOrRef, name) {
  const schema = resolve(schemaOrRef) ?? {};
  if (name?.endsWith('_id') && REMEMBERED.has(name)) return `{{${name}}}`;
  const given = givenBy(schemaOrRef);
  if (given !== undefined) return given;
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(part => exampleOf(part)));
  const choice = (schema.oneOf ?? schema.anyOf)?.find(option => option.type !== 'null');
  if (choice) return exampleOf(choice, name);
  switch ([schema.type].flat().find(type => type !== 'null')) {
    case 'object': {
      const shown = Object.entries(schema.properties ?? {}).filter(([key, value]) => schema.required?.includes(key) || saysMore(value));
      return Object.fromEntries(shown.map(([key, value]) => [key, exampleOf(value, key)]));
    }
    case 'array':
      return [exampleOf(schema.items)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return false;
    default:
      return { date: '2026-01-31', 'date-time': '2026-01-31T09:30:00Z', email: 'mario.rossi@example.com', binary: `@${name}.jpg` }[schema.format] ?? '';
  }
}

/** What a schema itself gives as an example. */
function givenBy(schemaOrRef) {
  const schema = resolve(schemaOrRef) ?? {};
  return schemaOrRef?.example ?? schema.example ?? schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0];
}

/** Whether an optional field has something to show: plain texts without an example are left out. */
const saysMore = schemaOrRef => givenBy(schemaOrRef) !== undefined || resolve(schemaOrRef)?.type !== 'string' || resolve(schemaOrRef).format === 'binary';

const textOf = value => (typeof value === 'object' ? JSON.stringify(value) : String(value));

function bodyFor(operation) {
  const content = resolve(operation.requestBody)?.content ?? {};
  const [type, media] = Object.entries(content)[0] ?? [];
  if (!type) return undefined;
  const example = media.example ?? resolve(Object.values(media.examples ?? {})[0])?.value ?? exampleOf(media.schema);
  if (type === 'multipart/form-data') {
    return { mode: 'formdata', formdata: Object.entries(example).map(([key, value]) => formField(key, textOf(value))) };
  }
  return jsonBody(pretty(example));
}

/** The customer's or the reviewer's bearer token, a cart's token, both, or nothing. */
function authorisationFor(operation) {
  const schemes = (operation.security ?? openapi.security ?? []).flatMap(Object.keys);
  const who = operation.tags.includes('back office') ? 'reviewer' : 'customer';
  return {
    auth: AUTHORISATION[schemes.includes('bearer') ? who : 'visitor'],
    headers: schemes.includes('cart_token') ? [{ key: 'X-Cart-Token', value: '{{cart_token}}' }] : [],
  };
}

/** Whose identifier `{id}` is, so that the reference works on what the last journey left behind. */
const IDENTIFIERS = {
  plans: 'plan_id',
  carts: 'cart_id',
  orders: 'order_id',
  'activation-requests': 'activation_request_id',
  'otp-challenges': 'otp_challenge_id',
  'identity-documents': 'identity_document_id',
  'billing-profiles': 'billing_profile_id',
  contracts: 'general_conditions_id',
};

function pathValue(path, { name, schema, example }) {
  const [, collection] = path.match(`([^/]+)/\\{${name}\\}`) ?? [];
  const variable = name.startsWith('id') && IDENTIFIERS[collection];
  return variable ? `{{${variable}}}` : textOf(example ?? exampleOf(schema));
}

function headerValue(parameter) {
  if (parameter.name === 'Idempotency-Key') return '{{$guid}}';
  return textOf(parameter.example ?? exampleOf(parameter.schema));
}

function referenceItem(method, path, operation) {
  const parameters = (operation.parameters ?? []).map(resolve);
  const inside = place => parameters.filter(parameter => parameter.in === place);
  const optional = parameter => (parameter.required ? {} : { disabled: true });
  const { auth, headers } = authorisationFor(operation);
  const body = bodyFor(operation);
  return {
    name: operation.summary,
    request: {
      method: method.toUpperCase(),
      ...(auth && { auth }),
      header: [
        ...headers,
        ...inside('header').map(parameter => ({ key: parameter.name, value: headerValue(parameter), ...optional(parameter) })),
        ...(body?.mode === 'raw' ? [{ key: 'Content-Type', value: 'application/json' }] : []),
      ],
      url: url(
        path,
        inside('path').map(parameter => ({ key: parameter.name, value: pathValue(path, parameter) })),
        inside('query').map(parameter => ({ key: parameter.name, value: textOf(parameter.example ?? exampleOf(parameter.schema)), ...optional(parameter) })),
      ),
      ...(body && { body }),
      ...(operation.description && { description: operation.description }),
    },
  };
}

function reference() {
  const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
    METHODS.filter(method => item[method]).map(method => [method, path, item[method]]),
  );
  const known = openapi.tags.map(tag => tag.name);
  const stray = operations.find(([, , operation]) => !known.includes(operation.tags?.[0]));
  if (stray) refuse(`${stray[0]} ${stray[1]} has no known tag`);
  return {
    name: 'Reference',
    description: 'Every operation, with an example of its body. Identifiers and tokens are those of the last journey; the back office takes `reviewer_token`, which may be an administrator\'s.',
    item: openapi.tags
      .map(tag => ({
        name: tag.name,
        description: tag.description,
        item: operations.filter(([, , operation]) => operation.tags[0] === tag.name).map(operation => referenceItem(...operation)),
      }))
      .filter(folder => folder.item.length),
  };
}

// ---- the files

const collection = {
  info: {
    name: openapi.info.title,
    description: `${openapi.info.description}\n\nMade by postman/make.mjs; don't edit it by hand.`,
    schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
  },
  auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{access_token}}', type: 'string' }] },
  variable: [...REMEMBERED].map(key => ({ key, value: '' })),
  item: [journey(), reference()],
};

const environment = (name, baseUrl) => ({
  name: `negozio ${name}`,
  values: [{ key: 'base_url', value: baseUrl, type: 'default', enabled: true }],
  _postman_variable_scope: 'environment',
});

const files = {
  'negozio.postman_collection.json': collection,
  'local.postman_environment.json': environment('local', 'http://127.0.0.1:8080'),
  'sandbox.postman_environment.json': environment('sandbox', 'https://sandbox.example.com'),
};

let drifted = false;
for (const [name, content] of Object.entries(files)) {
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (!process.argv.includes('--check')) {
    writeFileSync(here(name), text);
  } else if (!existsSync(here(name)) || readFileSync(here(name), 'utf8') !== text) {
    console.error(`postman/${name} has drifted: run \`node postman/make.mjs\``);
    drifted = true;
  }
}
process.exitCode = drifted ? 1 : 0;

/** The reference page: lists what the document describes, and sends requests to this daemon; it keeps nothing. */

import { sampleCode } from '../../keys/sampleCode.ts';

const keyField = document.getElementById('api-key');
const languageField = document.getElementById('language');
const main = document.getElementById('operations');

/** An element with properties and children; text is always text, never markup. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** What the form says: method, address and body, without the key. */
function readForm({ method, path }, form) {
  const query = new URLSearchParams();
  let address = path;
  for (const field of form.querySelectorAll('[data-in]')) {
    if (field.value === '') continue;
    if (field.dataset.in === 'path') {
      address = address.replace(`{${field.name}}`, encodeURIComponent(field.value));
    } else if (field.dataset.in === 'query') query.set(field.name, field.value);
  }
  const body = form.querySelector('textarea')?.value;
  const text = query.size > 0 ? `?${query}` : '';
  return { method, path: address + text, body };
}

/** The same request as a program; the key comes from the environment (A13, A22). */
function sampleOf({ body, ...request }) {
  try {
    const call = { ...request, keyHeader: 'x-api-key', ...(body && { body: JSON.parse(body) }) };
    return sampleCode(languageField.value, call, location.origin);
  } catch {
    return 'The body is not JSON yet.';
  }
}

async function send(request, output) {
  output.textContent = 'Waiting for the answer…';
  const headers = {
    ...(keyField.value !== '' && { 'x-api-key': keyField.value }),
    ...(request.body && { 'content-type': 'application/json' }),
  };
  try {
    const answer = await fetch(request.path, {
      method: request.method,
      headers,
      ...(request.body && { body: request.body }),
    });
    const lines = ['x-request-id', 'x-ratelimit-remaining', 'retry-after', 'allow']
      .filter((name) => answer.headers.has(name))
      .map((name) => `${name}: ${answer.headers.get(name)}`);
    const text = await answer.text();
    const type = answer.headers.get('content-type') ?? '';
    const shown = type.startsWith('application/json') ? JSON.stringify(JSON.parse(text), undefined, 2) : text;
    output.textContent = [`${answer.status}`, ...lines, '', shown].join('\n');
  } catch (error) {
    output.textContent = `No answer: ${error.message}`;
  }
}

function parameterField({ name, in: place, required, schema, description, example = '' }) {
  const field = element('input', { name, required, title: description ?? '', value: example });
  field.dataset.in = place;
  if (schema?.enum) field.placeholder = schema.enum.join(' | ');
  return element('label', { className: 'field' }, element('code', {}, name + (required ? ' *' : '')), field);
}

function operationItem(operation) {
  const { method, path, summary, description, parameters = [], requestBody } = operation;
  const form = element('form');
  for (const parameter of parameters) {
    if (parameter.in !== 'header') form.append(parameterField(parameter));
  }
  const content = requestBody?.content?.['application/json'];
  if (content) {
    const body = element('textarea', { value: JSON.stringify(content.example, undefined, 2) });
    form.append(element('label', {}, 'Body', body));
  }
  const sample = element('pre', { tabIndex: 0 });
  const output = element('pre', { tabIndex: 0, hidden: true });
  output.setAttribute('aria-live', 'polite');
  form.append(element('p', {}, element('button', { type: 'submit' }, 'Send')));
  const renew = () => {
    sample.textContent = sampleOf(readForm(operation, form));
  };
  form.addEventListener('input', renew);
  languageField.addEventListener('change', renew);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    output.hidden = false;
    void send(readForm(operation, form), output);
  });
  renew();
  return element(
    'details',
    {},
    element(
      'summary',
      {},
      element('span', { className: 'method' }, method),
      element('code', {}, path),
      ` ${summary ?? ''}`,
    ),
    ...(description ? [element('p', {}, description)] : []),
    sample,
    form,
    output,
  );
}

async function show() {
  const answer = await fetch('/api-docs/openapi.json');
  const { paths } = await answer.json();
  const byTag = new Map();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? 'Other';
      byTag.set(tag, [...(byTag.get(tag) ?? []), { ...operation, method: method.toUpperCase(), path }]);
    }
  }
  for (const [tag, operations] of byTag) {
    main.append(element('section', {}, element('h2', {}, tag), ...operations.map(operationItem)));
  }
  main.removeAttribute('aria-busy');
}

show().catch((error) => {
  main.append(element('p', {}, `The document could not be read: ${error.message}`));
});

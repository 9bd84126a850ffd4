/** Runs in the page of cards: shows what it is told, and says which button was pressed; it keeps nothing. */

const editor = acquireVsCodeApi();
const page = document.getElementById('page');

/** Drawn on 16 by 16. */
const icons = {
  create: 'M8 2.5v11M2.5 8h11',
  createApi: 'M8.4 7.6 2 14h3v-2h2v-2l1.4-1.4M10.5 9A3.5 3.5 0 1 0 7 5.5 3.5 3.5 0 0 0 10.5 9ZM11.6 4.4v0',
  rebind: 'M6.5 9.5l3-3M7 5l1.6-1.6a2.8 2.8 0 0 1 4 4L11 9M9 11l-1.6 1.6a2.8 2.8 0 0 1-4-4L5 7',
  rotate: 'M13 6.5A5.3 5.3 0 0 0 3.2 5.8M3 9.5a5.3 5.3 0 0 0 9.8.7M3 2.8v3.2h3.2M13 13.2V10H9.8',
  revoke: 'M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.6 6.5l.2 4.5M9.4 6.5l-.2 4.5',
  warning: 'M8 2 1.5 13.5h13ZM8 6.5v3.2M8 11.4v.4',
};

/** An element with properties and children; text is always text, never markup. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function icon(name) {
  const namespace = 'http://www.w3.org/2000/svg';
  const drawing = document.createElementNS(namespace, 'svg');
  drawing.setAttribute('viewBox', '0 0 16 16');
  drawing.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(namespace, 'path');
  path.setAttribute('d', icons[name]);
  drawing.append(path);
  return drawing;
}

/** `key` is what it is found again by, when the page is drawn anew. */
function button({ command, label }, { id, withText = false } = {}) {
  const content = withText ? label : icon(command);
  const made = element('button', { type: 'button', className: withText ? 'text' : 'icon' }, content);
  if (!withText) {
    made.title = label;
    made.setAttribute('aria-label', label);
  }
  made.dataset.place = `${id ?? 'page'} ${command}`;
  made.addEventListener('click', () => editor.postMessage(id === undefined ? { command } : { command, id }));
  return made;
}

function card({ id, scope, description, masked, badges, tone, facts, spoken, buttons }) {
  const made = element(
    'li',
    { className: `card ${tone}` },
    element(
      'div',
      { className: 'line' },
      element('span', { className: 'scope', title: scope }, scope),
      element('span', { className: 'buttons' }, ...buttons.map((one) => button(one, { id }))),
    ),
    element('h2', {}, description),
    ...badges.map(({ title, why }) =>
      element(
        'p',
        { className: 'badge', title: why },
        icon('warning'),
        element('strong', {}, `${title}: `),
        why,
      ),
    ),
    element('p', {}, element('code', {}, masked)),
    element(
      'ul',
      { className: 'facts' },
      ...facts.map(({ text, time }) => element('li', { title: time ?? '' }, text)),
    ),
  );
  made.setAttribute('aria-label', spoken);
  return made;
}

function show({ title, buttons, cards, notice }) {
  const place = document.activeElement?.dataset?.place;
  const list = element('ul', { className: 'cards' }, ...cards.map(card));
  const parts = [
    element(
      'header',
      { className: 'line' },
      element('h1', {}, title),
      element('span', { className: 'buttons' }, ...buttons.map((one) => button(one))),
    ),
    ...(cards.length > 0 ? [list] : []),
    ...(notice ? [noticeOf(notice)] : []),
  ];
  page.replaceChildren(...parts);
  page.removeAttribute('aria-busy');
  // Whoever works with the keyboard stays where they were, or goes to the top when that is gone.
  if (place === undefined) return;
  const found = [...page.querySelectorAll('button')].find((one) => one.dataset.place === place);
  (found ?? page.querySelector('header button:last-of-type'))?.focus();
}

function noticeOf({ text, button: offered }) {
  const line = element('p', {}, text);
  line.setAttribute('role', 'status');
  return element(
    'div',
    { className: 'notice' },
    line,
    ...(offered ? [button(offered, { withText: true })] : []),
  );
}

// A button that is drawn anew between press and release is not pressed: what has not changed stays.
let shown = '';
window.addEventListener('message', ({ data }) => {
  const text = JSON.stringify(data);
  if (text === shown) return;
  shown = text;
  show(data);
});
editor.setState({});
editor.postMessage({ command: 'ready' });

// Conversations: listed (in their view and, where there is room, beside the one that goes on),
// found, opened, renamed, exported, deleted.
(() => {
  const { say, language, made, button, sure } = window.wj;
  const find = (name) => document.querySelector(`.wj-talks ${name}`);

  const address = (path, values) => window.wj.api(`conversations${path}`, values);
  const call = (path, options) => window.wj.call(address(path), options);
  function note(text) { find('.wj-talks-note').textContent = text; }

  const shown = () => document.querySelector('#wj-id [data-id]')?.dataset.id ?? '';
  const wide = window.matchMedia('(min-width: 1360px)');
  const beside = () => wide.matches && find('.wj-talks-list') && !document.body.matches('.wj-view-docs, .wj-view-read, .wj-view-settings');

  let asked = 0;
  async function list() {
    const turn = ++asked;
    try {
      const wanted = find('.wj-talks-find').value;
      const found = await window.wj.call(address('', { containing: wanted }));
      if (turn !== asked) return;
      find('.wj-talks-list').replaceChildren(...grouped(found));
      note(found.length ? '' : say('talks.none'));
    } catch (error) { note(error.message); }
  }
  // The days begin at midnight; a heading stands before the first of each group.
  function grouped(found) {
    const midnight = new Date().setHours(0, 0, 0, 0) / 1000;
    const DAY = 86400;
    const group = ({ changed }) => {
      if (changed >= midnight) return 'talks.today';
      if (changed >= midnight - DAY) return 'talks.yesterday';
      return changed >= midnight - 6 * DAY ? 'talks.week' : 'talks.older';
    };
    return found.flatMap((one, i) => {
      const title = group(one);
      const begins = !i || title !== group(found[i - 1]);
      return begins ? [made('li', 'wj-talks-day', say(title)), row(one)] : [row(one)];
    });
  }
  const doing = (act) => async (...given) => {
    try { await act(...given); } catch (error) { note(error.message); return; }
    await list();
  };
  const rename = doing((one, title) => call(`/${one.id}`, {
    method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ title }),
  }));
  const remove = doing((one) => call(`/${one.id}`, { method: 'DELETE' }));

  function row(one) {
    const item = made('li', 'wj-doc');
    item.dataset.talk = one.id;
    const open = made('button', 'wj-talk-open');
    open.type = 'button';
    open.title = one.title;
    if (one.id === shown()) open.setAttribute('aria-current', 'true');
    const when = new Date(one.changed * 1000).toLocaleString(language === 'en' ? 'en' : 'zh-CN');
    open.append(made('b', '', one.title), made('small', '', say('talks.row', { questions: one.turns, when })));
    open.addEventListener('click', () => window.wj.go({ view: 'talk', c: one.id }));
    const edit = button(say('talks.rename'), `${say('talks.rename')} ${one.title}`, () => {
      const field = made('input', 'wj-docs-find');
      field.value = one.title;
      field.maxLength = 120;
      field.setAttribute('aria-label', say('talks.new_title'));
      field.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && field.value.trim()) rename(one, field.value);
        if (event.key === 'Escape') list();
      });
      open.replaceWith(field);
      field.select();
    });
    const saves = ['markdown', 'html', 'docx'].map((form) => {
      const save = made('a', 'wj-plain', say(`talks.${form}`));
      save.href = address(`/${one.id}/${form}`, { lang: language });
      save.download = '';
      save.setAttribute('aria-label', `${say(`talks.as_${form}`)} ${one.title}`);
      return save;
    });
    const drop = button(say('talks.delete'), `${say('talks.delete')} ${one.title}`, (self) => {
      sure(self, say('talks.delete_sure'), () => remove(one));
    });
    item.append(open, edit, ...saves, drop);
    return item;
  }

  document.addEventListener('wj-view', (event) => { if (event.detail === 'talks') list(); });
  let typing = 0;
  document.addEventListener('input', (event) => {
    if (!event.target.matches('.wj-talks-find')) return;
    clearTimeout(typing);
    typing = setTimeout(list, 250);
  });

  // Beside the conversation: listed when the page is there, and anew with every question.
  let last = null;
  new MutationObserver(() => {
    if (!beside() || !document.querySelector('#wj-id [data-id]')) return;
    const now = [shown(), document.querySelectorAll('.wj-turn').length].join(' ');
    if (now === last) return;
    last = now;
    list();
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-id', 'class'] });
  wide.addEventListener('change', () => { if (beside()) list(); });
  document.addEventListener('click', (event) => {
    const fold = event.target.closest?.('.wj-talks-fold');
    if (!fold) return;
    const folded = document.body.classList.toggle('wj-talks-folded');
    fold.setAttribute('aria-expanded', String(!folded));
  });
})();

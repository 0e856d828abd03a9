// The page of a PDF as it looks, with the quotation boxed; its numbers come from the server, no
// text is built into HTML.
(() => {
  const { say, api, call, made, button } = window.wj;
  const WIDTH = 1200;
  let wanted = false; // pages are shown until they are put away again
  let large = true;
  let asked = 0;

  const panel = () => document.querySelector('.wj-panel-body');
  const switcher = () => panel()?.querySelector('[data-picture]');

  // The quotation that was clicked, else the passage.
  function place() {
    const { document: name, start, end } = switcher().dataset;
    const quoted = panel().dataset;
    return quoted.start ? { document: name, start: quoted.start, end: quoted.end }
      : { document: name, start, end };
  }

  async function show(page = '') {
    const turn = ++asked;
    const frame = panel().querySelector('.wj-ev-page');
    switcher().setAttribute('aria-pressed', 'true');
    frame.hidden = false;
    if (!frame.firstChild) frame.append(made('p', 'wj-note', say('evidence.drawing')));
    try {
      const drawn = await call(api('page', { ...place(), page, width: WIDTH }));
      if (turn === asked && frame.isConnected) frame.replaceChildren(...figure(drawn));
      if (turn === asked) focus(frame);
    } catch (error) {
      if (turn === asked) frame.replaceChildren(made('p', 'wj-note', error.message));
    }
  }

  function figure(drawn) {
    const bar = made('div', 'wj-page-bar');
    const before = button('‹', say('evidence.previous'), () => show(drawn.page - 1));
    before.disabled = drawn.page <= 1;
    const after = button('›', say('evidence.next'), () => show(drawn.page + 1));
    const size = button(say(large ? 'evidence.smaller' : 'evidence.larger'), say('evidence.larger'), () => {
      large = !large;
      size.textContent = say(large ? 'evidence.smaller' : 'evidence.larger');
      size.setAttribute('aria-pressed', String(large));
      sheet.classList.toggle('wj-large', large);
      focus(sheet.parentElement);
    });
    size.setAttribute('aria-pressed', String(large));
    bar.append(before, made('span', '', say('evidence.page', { page: String(drawn.page) })), after, size);
    const sheet = made('div', 'wj-page-sheet');
    sheet.tabIndex = 0;
    sheet.classList.toggle('wj-large', large);
    const paper = made('div', 'wj-page-paper');
    const image = made('img');
    image.alt = `${drawn.document} ${say('evidence.page', { page: String(drawn.page) })}`;
    image.width = drawn.width;
    image.height = drawn.height;
    image.src = `data:image/png;base64,${drawn.png}`;
    paper.append(image, ...drawn.boxes.map((box) => {
      const mark = made('i', 'wj-page-box');
      mark.style.left = `${(100 * box.x0) / drawn.width}%`;
      mark.style.top = `${(100 * box.y0) / drawn.height}%`;
      mark.style.width = `${(100 * (box.x1 - box.x0)) / drawn.width}%`;
      mark.style.height = `${(100 * (box.y1 - box.y0)) / drawn.height}%`;
      return mark;
    }));
    sheet.append(paper);
    return [bar, sheet];
  }

  // The boxed sentence comes into the middle.
  function focus(frame) {
    const sheet = frame.querySelector('.wj-page-sheet');
    const boxes = [...frame.querySelectorAll('.wj-page-box')];
    if (!sheet || !boxes.length) return;
    const left = Math.min(...boxes.map((box) => box.offsetLeft));
    sheet.scrollTo(left - 24, boxes[0].offsetTop - sheet.clientHeight / 3);
  }

  function hide() {
    asked += 1;
    switcher().setAttribute('aria-pressed', 'false');
    panel().querySelector('.wj-ev-page').hidden = true;
  }

  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('.wj-panel [data-picture]')) return;
    wanted = switcher().getAttribute('aria-pressed') !== 'true';
    if (wanted) show(); else hide();
  });
  document.addEventListener('wj-evidence', () => { if (wanted && switcher()) show(); });
})();

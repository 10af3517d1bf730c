"""The contrast between a text and what is behind it, measured in the page (WCAG 2.1, relative luminance).

Both constants are functions of JavaScript for Playwright's `evaluate`; 4.5 is what WCAG AA asks of text.
"""

_HELPERS = r"""
  const parse = colour => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    throw new Error('nothing behind ' + element.outerHTML);
  };
  const contrast = element => {
    const svg = element instanceof SVGElement, style = getComputedStyle(element);
    const [front, back] = [parse(svg ? style.fill : style.color), behind(svg ? element.ownerSVGElement : element)];
    const [low, high] = [luminance(front), luminance(back)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
"""

# Of one element.
CONTRAST = f"element => {{ {_HELPERS} return contrast(element); }}"

# Of every visible text inside an element, in its shadow root where it has one: [contrast, text].
CONTRASTS = f"""host => {{ {_HELPERS}
  const found = [];
  for (const element of (host.shadowRoot ?? host).querySelectorAll('*')) {{
    const text = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join('');
    const silent = ['SCRIPT', 'STYLE'].includes(element.tagName) || element.disabled;
    if (text && !silent && element.checkVisibility()) found.push([contrast(element), text]);
  }}
  return found;
}}"""

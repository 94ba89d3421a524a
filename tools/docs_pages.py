"""What becomes of nbdev's processed notebooks before they are rendered, by Quarto or without it: formulas as MathML, clean signatures,
words for pictures, a sentence in place of a widget, the order of the sidebar, and the page of the command.

Nothing here runs a notebook; every function takes and gives text, cells or lists.
"""
import inspect
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import click
from latex2mathml.converter import convert

FENCE = re.compile(r'(^ *(`{3,}|~{3,}).*?^ *\2`*~* *$|`[^`\n]+`)', re.M | re.S)  # code in Markdown: blocks and inline
DISPLAY, INLINE = re.compile(r'\$\$(.+?)\$\$', re.S), re.compile(r'(?<![\\$\w])\$(?=\S)([^$\n]+?)(?<=\S)\$(?![\w$])')
CODE_LINK = re.compile(r'\[(`[^`\n]+`)\]\([^)\n]*\)')  # what nbdev makes of a name in backticks
METHOD_LINK = re.compile(r'(\.html#\w+)\.\w+(?=\))')  # a method stands with its class
WORD_LINK = re.compile(r'\[(`[a-z]+`)\]\([^)\n]*\)')
FRONT_DOOR = '`assess`', '`explain`', '`phantom`'  # the plain words that mean the function and nothing else
WIDGET = 'application/vnd.jupyter.widget-view+json'
MOVES = '<p class="needs-python">Here stands something to move and click. It works when this notebook runs: in JupyterLab, or with Voilà.</p>'
PICTURES = 'image/svg+xml', 'image/png', 'image/jpeg'
OPTION = re.compile(r'(?<![\w`-])(--[a-z][a-z-]*)')
SENTENCES = re.compile(r'(?<=[.:!?])\s+(?=[A-Z`])')


# ---- text

def outside_code(change, text):
    "`text` with `change` applied to what is neither a code block nor inline code."
    return ''.join(part if number % 3 == 1 else '' if number % 3 == 2 else change(part) for number, part in enumerate(FENCE.split(text)))


def inside_fences(change, text):
    "`text` with `change` applied to its code blocks only."
    return FENCE.sub(lambda found: change(found[0]) if found[2] else found[0], text)


def mathml(formula, **how):
    "A formula of TeX as MathML; raises ValueError where it is none."
    try: return convert(formula, **how)
    except Exception as error: raise ValueError(f'the formula ${formula}$ cannot be drawn ({type(error).__name__}): mend it') from error


def formulas(text):
    "Every `$…$` and `$$…$$` as MathML, which browsers draw themselves: no script, and no font from elsewhere."
    def display(found): return f'\n\n<div class="formula">{mathml(found[1].strip(), display="block")}</div>\n\n'
    def inline(found): return mathml(found[1])
    return outside_code(lambda part: INLINE.sub(inline, DISPLAY.sub(display, part)), text)


def links(text):
    """Names that nbdev made links, where they may be: not inside code, where Markdown shows as it stands, and not for a plain word
    (`train`, `demo`, `reason`), which nbdev takes for a function of that name wherever there is one. A method leads to its class."""
    text = METHOD_LINK.sub(r'\1', text)
    text = inside_fences(lambda code: CODE_LINK.sub(r'\1', code).replace('```python\n\n', '```python\n'), text)
    return WORD_LINK.sub(lambda found: found[0] if found[1] in FRONT_DOOR else found[1], text)


def description(text):
    "The promise of a page as plain text, where front matter takes it for search engines."
    return re.sub(r'^(description:.*)$', lambda found: re.sub(r'\[([^\]]+)\]\([^)]*\)', r'\1', found[1]), text, flags=re.M)


# ---- cells

def joined(source): return source if isinstance(source, str) else ''.join(source)


def attribute(text): return text.replace('&', '&amp;').replace('"', '&quot;').replace('<', '&lt;')


def directive(cell, name):
    "The value of `#| name: value` in a cell, or ''."
    found = re.search(rf'^#\|\s*{name}:\s*(.+)$', joined(cell['source']), re.M)
    return found[1].strip().strip('"\'') if found else ''


def sentence_before(cells, number):
    "The last sentence of prose before a cell: what a picture is when nothing better is said of it."
    for cell in reversed(cells[:number]):
        if cell['cell_type'] != 'markdown': continue
        prose = FENCE.sub(lambda found: found[0].strip('`') if not found[2] else '', joined(cell['source']))
        prose = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', re.sub(r'^(#+ .*|\|.*|>.*)$', '', prose, flags=re.M))
        paragraphs = [re.sub(r'[*_<>"]', '', ' '.join(text.split())) for text in re.split(r'\n\s*\n', prose) if text.strip()]
        if paragraphs: return SENTENCES.split(paragraphs[-1])[-1]
    return ''


def describe(data, words, number):
    "The picture of an output as HTML with its words. Ids inside an SVG become those of this cell, since ids are one to a page."
    if 'image/svg+xml' in data:
        drawn = joined(data['image/svg+xml'])
        drawn = re.sub(r'\bid="|xlink:href="#|href="#|url\(#', lambda found: f'{found[0]}c{number}-', drawn[drawn.index('<svg'):])
        return re.sub(r'^<svg\b', f'<svg role="img" aria-label="{attribute(words)}"', drawn)
    kind = next(mime for mime in PICTURES if mime in data)
    return f'<img src="data:{kind};base64,{"".join(joined(data[kind]).split())}" alt="{attribute(words)}" class="img-fluid figure-img">'


def settle_outputs(cells):
    "Pictures get their words, widgets a sentence in their place. Returns how many pictures had to take the sentence before them."
    borrowed = 0
    for number, cell in enumerate(cells):
        if cell['cell_type'] != 'code': continue
        words = directive(cell, 'fig-alt')
        cell['source'] = '\n'.join(line for line in joined(cell['source']).split('\n') if not re.match(r'#\|\s*fig-alt:', line))
        for output in cell.get('outputs', []):
            data = output.get('data', {})
            shown = joined(data.get('text/html', ''))
            if 'text/markdown' in data: data['text/markdown'] = formulas(links(joined(data['text/markdown'])))
            elif not shown and any(mime in data for mime in PICTURES):
                borrowed += not words
                shown = describe(data, words or sentence_before(cells, number), number)
                output['data'] = {'text/html': shown}
            if WIDGET in data: output['data'] = {'text/html': MOVES + shown}
    return borrowed


def settle(notebook):
    "All of the above, for one processed notebook. Returns how many pictures took the sentence before them."
    for cell in notebook['cells']:
        if cell['cell_type'] == 'raw': cell['source'] = description(joined(cell['source']))
        elif cell['cell_type'] == 'markdown': cell['source'] = formulas(links(joined(cell['source'])))
    return settle_outputs(notebook['cells'])


# ---- the sidebar

@dataclass
class Outline:
    "The sidebar as `_quarto.yml` has it, over the pages there are: patterns become the pages that nothing else names."
    pages: list  # paths of the notebooks from nbs/, sorted
    named: set = field(default_factory=set)

    def find(self, contents):
        "Note every page that is named outright."
        for entry in contents:
            if isinstance(entry, dict): self.find(entry.get('contents', []))
            self.named.add(entry if isinstance(entry, str) else entry.get('href'))

    def expand(self, contents):
        "`contents` without patterns."
        found = []
        for entry in contents:
            if isinstance(entry, dict) and 'contents' in entry: found.append(entry | {'contents': self.expand(entry['contents'])})
            elif isinstance(entry, str) and '*' in entry:
                for page in self.pages:
                    if page in self.named or len(PurePosixPath(page).parts) != len(PurePosixPath(entry).parts): continue
                    if not PurePosixPath(page).match(entry): continue
                    self.named.add(page)
                    found.append(page)
            else: found.append(entry)
        return found

    def build(self, contents):
        "The sidebar, and the pages that it leaves out."
        self.find(contents)
        return self.expand(contents), [page for page in self.pages if page not in self.named]


# ---- the command

def prose(text):
    "Help as Markdown: options as code, or two hyphens would become a dash."
    return OPTION.sub(r'`\1`', ' '.join(str(text).split()).replace('<', '&lt;'))


def cell_text(text): return prose(text).replace('|', '\\|')


def option_row(option, context):
    "One line of the table of a command's options: its names with what it takes, and what it does."
    takes = '' if option.is_flag else ' ' + option.make_metavar(context).replace('|', '\\|')
    names = ', '.join(f'`{name}{takes if name.startswith("--") else ""}`' for name in (*option.opts, *option.secondary_opts))
    return f'| {names} | {cell_text(option.get_help_record(context)[1])} |'


def command_page(group, name):
    "The page of the command, Markdown: every subcommand with its use, its help and its options, as `--help` says them."
    context = click.Context(group, info_name=name)
    lines = ['---', f'title: The {name} command', f'description: Every command and option, as `{name} --help` says them.', 'toc: true', '---', '',
             f'{group.help} This page is written from the help of the command itself when the site is built.', '',
             '| command | what it does |', '|---|---|']
    commands = {word: group.get_command(context, word) for word in group.list_commands(context)}
    lines += [f'| [`{name} {word}`](#{name}-{word}) | {cell_text(command.get_short_help_str(120))} |' for word, command in commands.items()]
    for word, command in commands.items():
        inner = click.Context(command, info_name=word, parent=context)
        use = ' '.join([name, word, *command.collect_usage_pieces(inner)])
        lines += ['', f'## {name} {word} {{#{name}-{word}}}', '', '```sh', use, '```', '', *help_paragraphs(command.help), '',
                  '| option | what it does |', '|---|---|']
        lines += [option_row(parameter, inner) for parameter in command.get_params(inner) if isinstance(parameter, click.Option)]
    return '\n'.join(lines) + '\n'


def help_paragraphs(text):
    "A docstring for Click as Markdown: paragraphs that Click must not wrap (`\\b`) are code."
    lines = []
    for paragraph in re.split(r'\n\s*\n', inspect.cleandoc(text or '')):
        if paragraph.startswith('\b'): lines += ['```', paragraph.lstrip('\b\n'), '```', '']
        else: lines += [prose(paragraph), '']
    return lines

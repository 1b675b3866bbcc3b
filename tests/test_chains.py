"""Random chains of definitions, variables and edits: a variable has its value or is gone with a note, and never anything else."""

import random
import re

import pytest

BASES = {"i32": lambda chance: str(chance.randrange(100)), "f64": lambda chance: f"{chance.randrange(100)}.5"}
BASES["String"] = lambda chance: f'"{chance.choice("abc") * chance.randrange(4)}"'
BASES["bool"] = lambda chance: chance.choice(["true", "false"])
WRAPPERS = ["{}", "Vec<{}>", "Option<{}>", "({}, i32)", "std::rc::Rc<{}>", "[{}; 2]"]
STATIC = "static LOG: std::sync::Mutex<Vec<S2>> = std::sync::Mutex::new(Vec::new());"
CASES = 2000


class Model:
    """What the notebook should hold."""

    def __init__(self, chance):
        self.chance = chance
        self.aliases = {"T0": "i32", "T1": "f64"}
        self.length = 2
        self.answer = 7
        self.structs = {f"S{i}": self.fields(i) for i in range(4)}
        # What a static holds, values of S2.
        self.log = []
        # Name: type, what it was made of, what it shows.
        self.variables = {}

    def fields(self, below):
        choices = [*BASES, "T0", "T1", "[i32; N0]"] + [
            form.format(f"S{i}") for i in range(below) for form in ("{}", "Vec<{}>", "Option<Box<{}>>")
        ]
        return [self.chance.choice(choices) for _ in range(self.chance.randrange(1, 4))]

    def text(self, name):
        """A definition, as one of the ways to write it."""
        if name in self.aliases:
            return f"type {name} = {self.aliases[name]};"
        if name == "N0":
            return f"const N0: usize = {self.length};"
        if name == "Answer":
            return f"trait Answer {{ fn answer(&self) -> i32; }} impl Answer for S0 {{ fn answer(&self) -> i32 {{ {self.answer} }} }}"
        comment = self.chance.choice(["", "/// A comment.\n", "// Another.\n"])
        derived = self.chance.choice(["Debug, Clone", "Clone, Debug"])
        methods = self.chance.choice(["", f" impl {name} {{ fn method(&self) -> i32 {{ {self.chance.randrange(9)} }} }}"])
        return f"{comment}#[derive({derived})] struct {name}({', '.join(self.structs[name])});{methods}"

    def made_of(self, ty):
        """All that a value of this type depends on."""
        if "dyn" in ty:
            return f"{self.answer}, {self.made_of('S0')}"
        known = {name: f"({', '.join(map(self.made_of, fields))})" for name, fields in self.structs.items() if name in ty}
        known |= {name: base for name, base in self.aliases.items() if name in ty} | {"N0": str(self.length)}
        return re.sub(r"\b(S\d|T\d|N0)\b", lambda found: f"{found[1]}={known[found[1]]}", ty)

    def value(self, ty):
        """An expression, and what `{:?}` shows of it."""
        if ty in BASES:
            text = BASES[ty](self.chance)
            return (f"{text}.to_string()" if ty == "String" else text), text
        if ty in self.aliases:
            return self.value(self.aliases[ty])
        if ty in self.structs:
            values = [self.value(field) for field in self.structs[ty]]
            return tuple(f"{ty}({', '.join(value[i] for value in values)})" for i in (0, 1))
        if "dyn" in ty:
            return f"Box::new({self.value('S0')[0]})", str(self.answer)
        if ty == "[i32; N0]":
            return (f"[{', '.join(['5'] * self.length)}]",) * 2
        form = next(form for form in ("Option<Box<{}>>", *WRAPPERS[1:]) if re.fullmatch(re.escape(form).replace(r"\{\}", r"S\d"), ty))
        code, shown = self.value(re.search(r"S\d", ty)[0])
        return {
            "Option<Box<{}>>": (f"Some(Box::new({code}))", f"Some({shown})"),
            "Vec<{}>": (f"vec![{code}, {code}]", f"[{shown}, {shown}]"),
            "Option<{}>": (f"Some({code})", f"Some({shown})"),
            "({}, i32)": (f"({code}, 3)", f"({shown}, 3)"),
            "std::rc::Rc<{}>": (f"std::rc::Rc::new({code})", shown),
            "[{}; 2]": (f"[{code}, {code}]", f"[{shown}, {shown}]"),
        }[form]

    def edit(self):
        """Changes one definition, or writes it otherwise."""
        name = self.chance.choice([*self.structs, *self.structs, *self.aliases, "N0", "Answer"])
        if self.chance.random() < 0.7:
            if name in self.structs:
                self.structs[name] = self.fields(int(name[1:]))
            elif name in self.aliases:
                self.aliases[name] = self.chance.choice([*BASES])
            elif name == "N0":
                self.length = self.chance.randrange(1, 5)
            else:
                self.answer = self.chance.randrange(100)
        return name

    def fill(self):
        """Lines that make the variables that are not there."""
        for i in range(10):
            if f"v{i}" not in self.variables:
                ty = self.chance.choice(WRAPPERS).format(self.chance.choice([*self.structs])) if i else "Box<dyn Answer>"
                code, shown = self.value(ty)
                self.variables[f"v{i}"] = ty, self.made_of(ty), shown
                yield f"let v{i}: {ty} = {code};"
        code, shown = self.value("S2")
        self.log.append(shown)
        yield f"LOG.lock().unwrap().push({code});"

    def show(self, name):
        ty, _, _ = self.variables[name]
        return f'println!("{name} = {{:?}}", {name}.answer());' if "dyn" in ty else f'println!("{name} = {{:?}}", {name});'


def is_gone(variable, notes):
    """One line names all that is gone of a cell."""
    return any(f"`{variable}`" in line and " gone: " in line for line in notes.splitlines())


@pytest.fixture(scope="module")
def kernel(started):
    return started()


def test_no_value_is_read_as_another_type(kernel):
    cases = chain = lost = 0
    while cases < CASES:
        chance = random.Random(chain)
        chain += 1
        kernel.text(":clear")
        model = Model(chance)
        for name in [*model.aliases, "N0", *model.structs, "Answer"]:
            kernel.text(model.text(name), cell=f"{chain} {name}")
        kernel.text(STATIC)
        for _ in range(12):
            kernel.text("\n".join(model.fill()))
            made_of = model.made_of("S2")
            name = model.edit()
            notes = kernel.text(model.text(name), cell=f"{chain} {name}")
            gone = {v for v, (ty, before, _) in model.variables.items() if model.made_of(ty) != before}
            for variable in gone:
                assert is_gone(variable, notes) or "dyn" in model.variables[variable][0], (chain, variable, notes)
            # Those that are to be there; of the others, none is known.
            there = sorted(model.variables.keys() - gone)
            begins_anew = model.made_of("S2") != made_of
            assert ("the static `LOG` begins anew" in notes) == begins_anew, (chain, name, notes)
            if begins_anew:
                model.log.clear()
            lines = [*map(model.show, there), 'println!("LOG = {:?}", LOG.lock().unwrap());']
            seen = kernel.text(":vars\n" + "\n".join(lines))
            assert f"LOG = [{', '.join(model.log)}]\n" in seen, (chain, name, model.log, notes, seen)
            for variable in gone:
                assert is_gone(variable, notes + seen) or f"\n{variable}: " not in f"\n{seen}", (chain, variable, seen)
            for variable in there:
                assert f"{variable} = {model.variables[variable][2]}\n" in seen, (chain, name, variable, model.variables[variable], notes, seen)
            cases += len(model.variables)
            lost += len(gone)
            for variable in gone:
                del model.variables[variable]
    assert lost > CASES / 20, "what is tried matters"

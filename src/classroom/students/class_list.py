"""A class list as Moodle, Canvas or a person writes it: its columns understood, a row a student.

Canvas: the gradebook's export (Student, ID, SIS User ID, SIS Login ID, Section), or the list of groups. Moodle: the
table of participants, or an assignment's grading worksheet, in several languages. Others: any CSV with such headings.
"""

import re
from dataclasses import dataclass

from classroom.collecting.lms_names import one_cell, split_name
from classroom.errors import ClassroomError
from classroom.students.tables import Table

FIRST = ("first name", "first_name", "firstname", "given name", "vorname", "prénom", "nombre", "nome", "voornaam", "名")
LAST = (
    "last name", "last_name", "lastname", "surname", "family name", "nachname", "nom", "nom de famille", "apellido(s)",
    "apellidos", "cognome", "achternaam", "姓", "姓氏",
)  # fmt: skip
FULL = ("student", "full name", "name", "vollständiger name", "nom complet", "nombre completo", "全名", "姓名")
EMAIL = (
    "email address", "email", "e-mail", "e-mail address", "e-mail-adresse", "mail", "adresse de courriel",
    "dirección de correo", "indirizzo email", "e-mailadres", "电子邮件地址", "電子郵件",
)  # fmt: skip
NUMBER = ("id number", "sis user id", "id_number", "user_id", "id-nummer", "numéro d'identification", "número de id",
          "matrikelnummer", "numero id", "学号")  # fmt: skip
LOGIN = ("sis login id", "login_id", "username", "login", "anmeldename", "nom d'utilisateur", "nombre de usuario")
TEAM = ("team", "group_name", "group")
SECTION = ("section", "sections", "sektion")
GROUPS = (
    "groups",
    "gruppen",
    "groupes",
    "grupos",
    "gruppi",
    "groepen",
    "小组",
    "群組",
)  # Moodle's: teams, or lab hours
CANVAS = ("canvas_user_id", "lms_user_id", "canvas id", "canvas user id")
OWN = ("student id", "student_id", "id")  # in a list that is not Canvas's


@dataclass(frozen=True)
class Entry:
    """A row; empty where the list does not say it."""

    line: int
    id: str = ""  # as the list wants it: an account, or a number
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    canvas: str = ""
    id_number: str = ""
    team: str = ""
    section: str = ""

    def __str__(self) -> str:
        name = f"{self.first_name} {self.last_name}".strip()
        return f"line {self.line} ({', '.join(filter(None, (name, self.id, self.email)))})"


def entries(table: Table, groups_are_teams: bool = False) -> tuple[list[Entry], list[str]]:
    """The students of the list, and a sentence for every row that is none.

    Moodle's groups are sections, unless somebody says that they are teams, who hand in one work.

    Raises:
        ClassroomError: no column says who the students are.
    """
    teams, sections = (TEAM + GROUPS, SECTION) if groups_are_teams else (TEAM, SECTION + GROUPS)
    at = {
        name: table.optional(headings)
        for name, headings in (
            ("first", FIRST), ("last", LAST), ("full", FULL), ("email", EMAIL), ("number", NUMBER), ("login", LOGIN),
            ("team", teams), ("section", sections), ("canvas", CANVAS), ("own", OWN),
        )
    }  # fmt: skip
    if "sis login id" in table.headings or "sis user id" in table.headings:
        at["canvas"], at["own"] = ("id" if "id" in table.headings else at["canvas"]), None
    if not (at["full"] or at["last"] or at["own"] or at["login"] or at["email"]):
        raise ClassroomError(
            f"{table.path} has no column that says who the students are (First name, Last name, Student, …); its "
            f"headings are: {', '.join(table.headings)}"
        )
    found, problems = [], []
    for line, row in enumerate(table.rows, start=2):
        cell = {name: one_cell(row[heading]) if heading else "" for name, heading in at.items()}
        full = row[at["full"]] if at["full"] else ""
        if full.strip().startswith("Points Possible") or not any(cell.values()):
            continue
        if full.strip() in ("Student, Test", "Test Student"):
            problems.append(f"line {line}: Canvas's test student was left out.")
            continue
        first, last = (cell["first"], cell["last"]) if at["last"] or at["first"] else split_name(full)
        account = safe_id(cell["own"] or cell["login"] or cell["number"])
        if not (first or last or account or cell["email"]):
            problems.append(f"line {line}: neither a name nor an account is there, so it was left out.")
            continue
        found.append(
            Entry(
                line, account, first, last, cell["email"], cell["canvas"], cell["number"], cell["team"], cell["section"]
            )
        )
    return found, problems


def safe_id(text: str) -> str:
    """The text as a student's id, which names directories: letters, digits and a few signs, not too long."""
    return re.sub(r"[^\w.@+-]+", "-", text).strip(".-")[:100]

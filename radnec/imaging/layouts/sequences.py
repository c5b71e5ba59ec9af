"""Recognises the sequence that a file's name tells."""

from __future__ import annotations

import re

#: Words of file names (lower case, two neighbours also joined) and the sequence each tells.
WORDS = {
    **dict.fromkeys(("t1", "t1n", "t1w", "t1pre", "t1native", "mprage"), "T1w"),
    **dict.fromkeys(("t1c", "t1ce", "t1gd", "t1wce", "t1wgd", "t1post", "t1km", "t1wpost", "t1contrast"), "T1wCE"),
    **dict.fromkeys(("t2", "t2w"), "T2w"),
    **dict.fromkeys(("flair", "t2f", "t2flair", "flairt2"), "FLAIR"),
    **dict.fromkeys(("swi", "swan"), "SWI"),
    **dict.fromkeys(("cbv", "rcbv"), "rCBV"),
    **dict.fromkeys(("fdg", "petfdg", "fdgpet"), "PET-FDG"),
    # MET alone would also be a metastasis.
    **dict.fromkeys(("petmet", "metpet", "methionine"), "PET-MET"),
    **dict.fromkeys(("fet", "petfet", "fetpet"), "PET-FET"),
    **dict.fromkeys(("fdopa", "petfdopa", "fdopapet"), "PET-FDOPA"),
    **dict.fromkeys(("tl201", "thallium"), "SPECT-Tl201"),
    **dict.fromkeys(("mibi", "sestamibi"), "SPECT-MIBI"),
    **{name.lower(): name for name in ("ADC", "DWI", "DSC", "DCE", "Ktrans", "ASL", "CBF", "MRS")},
}


def words(text: str) -> list[str]:
    """Return the words of a file's name, in lower case.

    Examples
    --------
    >>> words("P01_T1-post.seg")
    ['p01', 't1', 'post', 'seg']
    """
    return [word for word in re.split(r"[^0-9A-Za-z]+", text.lower()) if word]


def told_sequence(text: str) -> tuple[str, str, str]:
    """Return the sequence that a name tells.

    Parameters
    ----------
    text : str
        Name of a file without its format.

    Returns
    -------
    sequence : str
        "" where no word, or words of several sequences, are there.
    told_by : str
        The word it was told by.
    rest : str
        The other words, joined by ``_``: what the files of one session have in common.

    Examples
    --------
    >>> told_sequence("P01_T1_post_v2")
    ('T1wCE', 't1 post', 'p01_v2')
    >>> told_sequence("P01_scan3")[0], told_sequence("T1_and_T2")[0]
    ('', '')
    """
    parts, found, rest = words(text), [], []
    place = 0
    while place < len(parts):
        pair = "".join(parts[place : place + 2])
        if place + 1 < len(parts) and pair in WORDS:
            found.append((WORDS[pair], " ".join(parts[place : place + 2])))
            place += 2
            continue
        if parts[place] in WORDS:
            found.append((WORDS[parts[place]], parts[place]))
        else:
            rest.append(parts[place])
        place += 1
    if len({sequence for sequence, _ in found}) != 1:
        return "", "", "_".join(rest)
    return found[0][0], found[0][1], "_".join(rest)

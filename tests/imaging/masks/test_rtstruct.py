"""RTSTRUCT regions: spheres of known volume, a real file, and everything that must be refused or told."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, EmptyMaskError, GeometryError, MaskError, MaskWarning, ReadError
from radnec.imaging.masks import open_mask, read_mask
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

pydicom = pytest.importorskip("pydicom")

CORNERS = 60
SQUARE = [(2.0, 2.0), (7.0, 2.0), (7.0, 7.0), (2.0, 7.0)]
# Half the sides of squares within one another: 15 make 105 pairs.
SIDES = np.linspace(0.7, 4.4, 15)
HOLE = [(3.5, 3.5), (5.5, 3.5), (5.5, 5.5), (3.5, 5.5)]


def dataset(rois: Sequence[tuple[int, str, Sequence[Any]]], frame: str = "1.2.3", series: str = "1.2.3.4") -> Any:
    """Make an RTSTRUCT of ROIs: number, name, contours; a contour is points in mm, or its type with them."""
    made = pydicom.Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.3.9"
    made.Modality = "RTSTRUCT"
    made.StructureSetROISequence, made.ROIContourSequence = [], []
    for number, name, contours in rois:
        roi, drawn = pydicom.Dataset(), pydicom.Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for contour in contours:
            kind, points = contour if isinstance(contour[0], str) else ("CLOSED_PLANAR", contour)
            item = pydicom.Dataset()
            item.ContourGeometricType, item.NumberOfContourPoints = kind, len(points)
            item.ContourData = [f"{value:.9g}" for value in np.ravel(points)]
            drawn.ContourSequence.append(item)
        made.StructureSetROISequence.append(roi)
        made.ROIContourSequence.append(drawn)
    study, referenced, whole = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    referenced.SeriesInstanceUID = series
    study.RTReferencedSeriesSequence = [referenced]
    whole.RTReferencedStudySequence, whole.FrameOfReferenceUID = [study], frame
    made.ReferencedFrameOfReferenceSequence = [whole]
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an RTSTRUCT and returns its path."""

    def written(*rois: tuple[int, str, Sequence[Any]], change: Callable[[Any], None] = lambda _: None) -> Path:
        made = dataset(rois)
        change(made)
        made.file_meta = pydicom.dataset.FileMetaDataset()
        made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        path = tmp_path / "rs.dcm"
        made.save_as(path, enforce_file_format=True)
        return path

    return written


def at(points: Sequence[tuple[float, float]], z: float) -> list[tuple[float, float, float]]:
    return [(x, y, z) for x, y in points]


@pytest.fixture
def image() -> sitk.Image:
    return sitk.Image(10, 10, 8, sitk.sitkInt16)


def voxels(mask: sitk.Image) -> int:
    return int(sitk.GetArrayViewFromImage(mask).sum())


def test_a_real_file_gives_exactly_the_voxels_of_an_independent_tool(reference: Path) -> None:
    folder = reference / "dicom_rtstruct" / "sts_002_mr"
    image = read_image(folder / "image")
    source = open_mask(folder / "mask", image)
    assert [(one.number, one.name, one.voxels) for one in source.segments()] == [(1, "GTV_Mass_MR_T1", 17090)]
    expected = sitk.GetArrayFromImage(sitk.ReadImage(folder / "expected_mask.nii.gz"))
    for label in (1, "GTV_Mass_MR_T1"):
        assert np.array_equal(sitk.GetArrayFromImage(source.select(label)), expected)
    placement = source.placement(1)
    assert placement.voxels_after == 17090
    assert abs(placement.change) < 0.001
    # The same image as NIfTI readers may give it: axes permuted and flipped.
    turned = sitk.DICOMOrient(image, "SAR")
    mask = read_mask(folder / "mask", turned, label=1)
    assert np.array_equal(sitk.GetArrayFromImage(sitk.DICOMOrient(mask, "LPS")), expected)


def grid(spacing: float, radius: float, rng: np.random.Generator, *, oblique: bool) -> tuple[sitk.Image, np.ndarray]:
    """Return an image round a sphere, and the sphere's centre somewhere within a voxel."""
    count = int(2 * radius / spacing) + 6
    image = sitk.Image(count, count, count, sitk.sitkUInt8)
    image.SetSpacing([spacing] * 3)
    image.SetOrigin(rng.uniform(-80, 80, 3).tolist())
    if oblique:
        axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        axes[:, 2] *= np.linalg.det(axes)
        image.SetDirection(axes.ravel().tolist())
    place = count // 2 + rng.uniform(-0.5, 0.5, 3)
    return image, place


def sphere(image: sitk.Image, place: np.ndarray, radius: float) -> list[np.ndarray]:
    """Return the circles in which the slices of an image cut a sphere, as polygons of the circle's area."""
    spacing, contours = image.GetSpacing()[0], []
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    wider = np.sqrt(2 * np.pi / CORNERS / np.sin(2 * np.pi / CORNERS))
    for k in range(image.GetSize()[2]):
        if abs(k - place[2]) * spacing < radius:
            circle = np.sqrt((radius / spacing) ** 2 - (k - place[2]) ** 2) * wider
            corners = (place[0] + circle * np.cos(angles), place[1] + circle * np.sin(angles), np.full(CORNERS, k))
            axes = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
            contours.append(np.stack(corners, axis=1) @ axes.T + image.GetOrigin())
    return contours


def errors(write: Callable[..., Path], radius: float, spacing: float, *, oblique: bool) -> np.ndarray:
    """Return the relative error of the volume of 50 spheres at seeded places."""
    rng = np.random.default_rng(int(radius * 100 + spacing * 10 + oblique))
    found = []
    for _ in range(50):
        image, place = grid(spacing, radius, rng, oblique=oblique)
        path = write((1, "ball", sphere(image, place, radius)))
        found.append(voxels(read_mask(path, image)) * spacing**3 / (4 / 3 * np.pi * radius**3) - 1)
    return np.array(found)


@pytest.mark.parametrize("oblique", [False, True])
@pytest.mark.parametrize(
    ("radius", "spacing"),
    [(3, 0.5), (5, 0.5), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((3, 0.4), (10, 0.5), (15, 0.5)))],
)
def test_each_sphere_on_fine_voxels_has_its_volume(
    write: Callable[..., Path], radius: float, spacing: float, oblique: bool
) -> None:
    found = errors(write, radius, spacing, oblique=oblique)
    assert np.abs(found).max() < 0.03


@pytest.mark.filterwarnings("ignore:.*few voxels wide:radnec.errors.MaskWarning")
@pytest.mark.parametrize("oblique", [False, True])
@pytest.mark.parametrize("radius", [3, 5, *(pytest.param(radius, marks=pytest.mark.slow) for radius in (10, 15))])
def test_spheres_on_voxels_of_1_mm_have_no_bias(write: Callable[..., Path], radius: float, oblique: bool) -> None:
    assert abs(errors(write, radius, 1.0, oblique=oblique).mean()) < 0.01


def test_names_and_numbers_choose_a_region(write: Callable[..., Path], image: sitk.Image) -> None:
    path = write((4, "GTV 1", [at(SQUARE, 3)]), (7, "Brain", [at(HOLE, 3), at(HOLE, 4)]), (9, "Brain", [at(HOLE, 5)]))
    source = open_mask(path, image)
    assert [(one.number, one.voxels) for one in source.segments()] == [(4, 25), (7, 8), (9, 4)]
    assert voxels(source.select("GTV 1")) == voxels(source.select(4)) == 25
    assert voxels(source.select(7)) == 8
    with pytest.raises(MaskError, match=r"'Brain' fits 2 ROIs: 7 'Brain', 9 'Brain'"):
        source.select("Brain")
    with pytest.raises(AbsentLabelError, match=r"no ROI 'gtv1'; it holds 4 'GTV 1', .*did you mean 'GTV 1'"):
        source.select("gtv1")
    with pytest.raises(AbsentLabelError, match="no ROI 1; it holds 4"):
        read_mask(path, image)


def test_a_number_that_is_the_name_of_another_is_not_guessed(write: Callable[..., Path], image: sitk.Image) -> None:
    path = write((2, "1", [at(SQUARE, 3)]), (1, "edge", [at(HOLE, 3)]))
    with pytest.raises(MaskError, match="1 fits 2 ROIs"):
        read_mask(path, image, label=1)
    assert voxels(read_mask(path, image, label="1")) == 25


def test_holes_are_cut_by_a_contour_within_or_a_keyhole(write: Callable[..., Path], image: sitk.Image) -> None:
    keyhole = [*SQUARE, SQUARE[0], HOLE[0], *HOLE[:0:-1], HOLE[0], SQUARE[0]]
    path = write((1, "two", [at(SQUARE, 3), at(HOLE, 3)]), (2, "keyhole", [at(keyhole, 3)]))
    source = open_mask(path, image)
    two, one = (sitk.GetArrayFromImage(source.select(label)) for label in (1, 2))
    assert two.sum() == 25 - 4
    assert np.array_equal(one, two)
    for label in (1, 2):
        assert source.placement(label).volume_ml_before == pytest.approx((25 - 4) / 1000)


def test_a_contour_that_is_there_twice_is_refused(write: Callable[..., Path], image: sitk.Image) -> None:
    path = write((1, "twice", [at(SQUARE, 3), at([*SQUARE[2:], *SQUARE[:2]], 3)]))
    with pytest.raises(MaskError, match="slice 3 is there twice"):
        read_mask(path, image)


def test_contours_in_one_another_without_number_are_refused(
    write: Callable[..., Path], image: sitk.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("radnec.imaging.masks.contour_stack._MOST_PAIRS", 100)
    rings = [at([(4.5 - r, 4.5 - r), (4.5 + r, 4.5 - r), (4.5 + r, 4.5 + r), (4.5 - r, 4.5 + r)], 3) for r in SIDES]
    (fewer,) = open_mask(write((1, "gtv", rings[::3])), image).segments()
    assert not fewer.problem
    with pytest.raises(MaskError, match="more than 100 pairs of its contours on slice 3 lie in one another"):
        read_mask(write((1, "gtv", rings)), image)
    monkeypatch.setattr("radnec.imaging.masks.contour_stack._MOST_POINTS", 300)
    with pytest.raises(MaskError, match="15 contours on slice 3 hold more than 300 pixels"):
        read_mask(write((1, "gtv", rings)), image)


def test_contours_between_the_centres_of_voxels_are_not_there_twice(
    write: Callable[..., Path], image: sitk.Image
) -> None:
    small = [[(x / 10 + 1.9, y / 10 + 1.9) for x, y in SQUARE], [(x / 10 + 2.1, y / 10 + 1.9) for x, y in SQUARE]]
    source = open_mask(write((1, "gtv", [*(at(one, 3) for one in small), at(SQUARE, 4)])), image)
    assert voxels(source.select(1)) == 25
    assert source.placement(1).volume_ml_before == pytest.approx((25 + 2 * (0.25 - 0.15)) / 1000)


@pytest.mark.filterwarnings("ignore:.*few voxels wide:radnec.errors.MaskWarning")
def test_volumes_are_never_below_zero(write: Callable[..., Path], image: sitk.Image) -> None:
    beside = [(x + 5, y) if x < 5 else (8.0, y) for x, y in SQUARE]
    quarters = [[(x / 2 + a, y / 2 + b) for x, y in SQUARE] for a in (0, 2.5) for b in (0, 2.5)]
    bow_tie = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]
    path = write((1, "edge", [at(SQUARE, 3), at(beside, 3)]), (2, "quarters", [at(one, 3) for one in quarters]),
                 (3, "tie", [at(bow_tie, 3)]))  # fmt: skip
    source = open_mask(path, image)
    for label, expected in ((1, 30), (2, 25), (3, 12.5)):
        assert source.placement(label).volume_ml_before == pytest.approx(expected / 1000, rel=1e-3)


@pytest.mark.parametrize(
    ("inner", "area"),
    [
        ([(2.0, 3.5), (5.5, 3.5), (5.5, 5.5), (2.0, 5.5)], "7"),
        # Over a part of its edge only, from the outer contour's corner on.
        ([(2.0, 2.0), (6.5, 2.0), (4.0, 5.5)], "7.88"),
        # Longer than the outer contour's edge is in one piece, which has a corner between.
        ([(2.5, 7.0), (6.5, 7.0), (6.5, 5.5), (2.5, 5.5)], "6"),
    ],
)
def test_a_contour_cut_out_at_an_edge_is_told_with_its_slice_and_area(
    write: Callable[..., Path], image: sitk.Image, inner: list[tuple[float, float]], area: str
) -> None:
    outer = [(2.0, 2.0), (7.0, 2.0), (7.0, 7.0), (4.5, 7.0), (2.0, 7.0)]
    path = write((1, "GTV", [at(outer, 3), at(inner, 3), at(SQUARE, 4)]))
    with pytest.warns(MaskWarning, match=rf"share an edge with it: 1 \({area} mm² on slice 3\); each was cut out"):
        mask = read_mask(path, image, label="GTV")
    outside = write((1, "GTV", [at(outer, 3), at(SQUARE, 4)]))
    assert voxels(mask) < voxels(read_mask(outside, image, label="GTV"))


def test_a_contour_beside_another_is_no_hole_in_it(write: Callable[..., Path], image: sitk.Image) -> None:
    beside = [(7.0, 2.0), (8.5, 2.0), (8.5, 7.0), (7.0, 7.0)]
    mask = read_mask(write((1, "GTV", [at(SQUARE, 3), at(beside, 3)])), image, label="GTV")
    assert voxels(mask) == 5 * 7  # columns 2 to 8 of rows 2 to 6


def test_crossing_contours_are_told(write: Callable[..., Path], image: sitk.Image) -> None:
    moved = [(x + 2, y) for x, y in SQUARE]
    with pytest.warns(MaskWarning, match="pairs of contours that cross one another: 1"):
        assert voxels(read_mask(write((1, "two", [at(SQUARE, 3), at(moved, 3)])), image)) == 2 * 10


def test_contours_between_slices_are_given_to_the_nearest_and_told(
    write: Callable[..., Path], image: sitk.Image
) -> None:
    path = write((1, "off", [at(SQUARE, 3.3), at(SQUARE, 4.0)]))
    with pytest.warns(MaskWarning, match=r"1 of 2 contours lie between slices, up to 0.3 mm"):
        mask = read_mask(path, image)
    assert np.flatnonzero(sitk.GetArrayFromImage(mask).any(axis=(1, 2))).tolist() == [3, 4]


def test_missing_slices_are_told_and_stay_empty(write: Callable[..., Path], image: sitk.Image) -> None:
    path = write((1, "gap", [at(SQUARE, 2), at(SQUARE, 5)]))
    with pytest.warns(MaskWarning, match=r"without a contour between its first and last: 2 \(3, 4\)"):
        assert voxels(read_mask(path, image)) == 50


@pytest.mark.parametrize(
    ("contours", "words"),
    [
        ([at(SQUARE, 2.5)], "1 of its 1 contours lie midway between two slices"),
        ([at(SQUARE, 3), at(SQUARE, 20)], "1 of its 2 contours lie wholly or partly outside"),
        ([at([(-3.0, 2.0), (5.0, 2.0), (5.0, 7.0)], 3)], "1 of its 1 contours lie wholly or partly outside"),
        ([at(SQUARE, 3), at(SQUARE, 3.3)], "2 planes fall on slice 3 of the image: it was drawn on thinner slices"),
        ([[(2, 2, 1), (7, 2, 3), (7, 7, 5), (2, 7, 3)]], "oblique to the slices"),
    ],
)
def test_contours_of_another_image_are_refused(
    write: Callable[..., Path], image: sitk.Image, contours: list[Any], words: str
) -> None:
    path = write((1, "wrong", contours))
    with pytest.raises(GeometryError, match=words):
        read_mask(path, image)
    (segment,) = open_mask(path, image).segments()
    assert segment.voxels is None
    assert words[:20] in segment.problem


def test_what_encloses_nothing_is_refused_or_left_out_and_told(write: Callable[..., Path], image: sitk.Image) -> None:
    point, line = ("POINT", [(3, 3, 3)]), ("OPEN_PLANAR", at(SQUARE, 3))
    path = write((1, "iso", [point]), (2, "mixed", [line, at(SQUARE, 3)]), (3, "none", []))
    with pytest.raises(MaskError, match="its contours are 1 POINT, so it encloses nothing"):
        read_mask(path, image, label="iso")
    with pytest.raises(MaskError, match="it has no contours"):
        read_mask(path, image, label="none")
    with pytest.warns(MaskWarning, match="left out: 1 OPEN_PLANAR"):
        assert voxels(read_mask(path, image, label="mixed")) == 25


def test_a_region_between_the_centres_is_empty(write: Callable[..., Path], image: sitk.Image) -> None:
    tiny = [(2.2, 2.2), (2.8, 2.2), (2.8, 2.8)]
    path = write((1, "tiny", [at(tiny, 3)]))
    with pytest.raises(EmptyMaskError, match=r"ROI 1 'tiny' marks no voxel"):
        read_mask(path, image)
    assert open_mask(path, image).segments()[0].voxels == 0
    with pytest.raises(EmptyMaskError, match="holds no ROI"):
        read_mask(write(), image)


def test_a_volume_that_filling_changes_is_told(write: Callable[..., Path], image: sitk.Image) -> None:
    path = write((1, "small", [at([(1.9, 1.9), (4.1, 1.9), (4.1, 4.1), (1.9, 4.1)], 3)]))
    with pytest.warns(MaskWarning, match=r"enclose 0.00484 ml, and the 9 voxels .* 0.009 ml \(\+86%\)"):
        read_mask(path, image)
    assert open_mask(path, image).placement(1).volume_ml_before == pytest.approx(2.2**2 / 1000)


def test_another_frame_of_reference_or_series_is_refused_where_it_is_known(
    write: Callable[..., Path], image: sitk.Image
) -> None:
    path = write((1, "gtv", [at(SQUARE, 3)]))
    image.SetMetaData("0020|0052", "1.2.3")
    image.SetMetaData("0020|000e", "1.2.3.4")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert voxels(read_mask(path, image)) == 25
    image.SetMetaData("0020|000e", "1.2.3.5")
    with pytest.warns(MaskWarning, match="another series of the same frame of reference: 1.2.3.4"):
        assert voxels(read_mask(path, image)) == 25
    image.EraseMetaData("0020|0052")
    with pytest.raises(GeometryError, match=r"drawn on another series than 1\.2\.3\.5"):
        read_mask(path, image)
    image.SetMetaData("0020|0052", "9.9")
    with pytest.raises(GeometryError, match=r"frame of reference 1\.2\.3, and that of the image is 9\.9"):
        read_mask(path, image)


def test_damaged_contours_are_refused(write: Callable[..., Path], image: sitk.Image) -> None:
    def contour(made: Any) -> Any:
        return made.ROIContourSequence[0].ContourSequence[0]

    def fewer(made: Any) -> None:
        contour(made).NumberOfContourPoints = 7

    def number_twice(made: Any) -> None:
        made.StructureSetROISequence.append(made.StructureSetROISequence[0])

    def far(made: Any) -> None:
        contour(made).ContourData = ["1e308", "-1e308", "3", *list(contour(made).ContourData)[3:]]

    damages = (
        (fewer, "7 points holds 12 coordinates"),
        (number_twice, "fits 2 ROIs"),
        (far, "coordinates that are no places in mm"),
    )
    for change, words in damages:
        with pytest.raises(MaskError, match=words):
            read_mask(write((1, "gtv", [at(SQUARE, 3)]), change=change), image)
    path = write((1, "gtv", [at(SQUARE, 3)]))
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises((ReadError, MaskError)):
        read_mask(path, image)

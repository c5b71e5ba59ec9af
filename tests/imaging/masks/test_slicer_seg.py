"""Slicer segmentations: names, layers, and the extent that is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, GeometryError, MaskError, ReadError
from radnec.imaging.masks import open_mask, read_mask
from radnec.imaging.masks.placing import affine

if TYPE_CHECKING:
    from pathlib import Path

slicerio = pytest.importorskip("slicerio")


@pytest.fixture
def image() -> sitk.Image:
    image = sitk.Image(12, 10, 8, sitk.sitkInt16)
    image.SetSpacing((0.9, 0.8, 2.0))
    image.SetOrigin((-7.3, 12.1, 3.0))
    image.SetDirection((0.8, 0.6, 0.0, -0.6, 0.8, 0.0, 0.0, 0.0, 1.0))
    return image


def boxes() -> dict[str, np.ndarray]:
    """Return regions (x, y, z) of a 12 × 10 × 8 image, of which necrosis lies in tumour."""
    found = {name: np.zeros((12, 10, 8), dtype=bool) for name in ("tumour", "necrosis", "oedema")}
    found["tumour"][3:8, 2:7, 2:6] = True
    found["necrosis"][4:6, 3:5, 3:5] = True
    found["oedema"][8:11, 2:7, 2:6] = True
    return found


def write(path: Path, image: sitk.Image, start: tuple[int, int, int], layers: list[list[str]], **changes: Any) -> Path:
    """Write regions from voxel `start` on, as Slicer does: label values start anew in each layer."""
    voxels, segments = [], []
    for layer, names in enumerate(layers):
        drawn = np.zeros((12, 10, 8), dtype=np.uint8)
        for value, name in enumerate(names, start=1):
            drawn[boxes()[name]] = value
            segments.append({"id": f"Segment_{len(segments)}", "name": name, "labelValue": value, "layer": layer})
        voxels.append(drawn[start[0] :, start[1] :, start[2] :])
    matrix = affine(image)
    matrix[:3, 3] = (matrix @ (*start, 1))[:3]
    stored = {"voxels": np.stack(voxels) if len(voxels) > 1 else voxels[0], "ijkToLPS": matrix, "segments": segments}
    slicerio.write_segmentation(str(path), stored | changes)
    return path


@pytest.mark.parametrize("name", ["lesion.seg.nrrd", "lesion.nrrd"])
@pytest.mark.parametrize("start", [(0, 0, 0), (3, 2, 2)])
def test_overlapping_segments_of_a_cropped_file(
    tmp_path: Path, image: sitk.Image, name: str, start: tuple[int, int, int]
) -> None:
    path = write(tmp_path / name, image, start, [["tumour", "oedema"], ["necrosis"]])
    source = open_mask(path, image)
    assert {one.name: one.voxels for one in source.segments()} == {n: box.sum() for n, box in boxes().items()}
    for segment, box in boxes().items():
        assert np.array_equal(sitk.GetArrayFromImage(source.select(segment)).T == 1, box)
        assert source.placement(segment).notes == ()
    assert np.array_equal(sitk.GetArrayFromImage(read_mask(path, image, label=2)).T == 1, boxes()["oedema"])
    with pytest.raises(MaskError, match="1 fits 2 segments: 1 'tumour', 1 'necrosis'"):
        source.select(1)
    with pytest.raises(AbsentLabelError, match="did you mean 'tumour'"):
        source.select("Tumour")
    (tumour, _), (necrosis, _), (oedema, _) = source.layers(["tumour", "necrosis", "oedema"])
    assert tumour is oedema
    assert tumour is not necrosis


def test_one_layer_by_label_value(tmp_path: Path, image: sitk.Image) -> None:
    path = write(tmp_path / "lesion.seg.nrrd", image, (2, 0, 0), [["tumour", "oedema"]])
    assert np.array_equal(sitk.GetArrayFromImage(read_mask(path, image)).T == 1, boxes()["tumour"])


def test_another_grid_and_fractions_are_refused(tmp_path: Path, image: sitk.Image) -> None:
    path = write(tmp_path / "lesion.seg.nrrd", image, (0, 0, 0), [["tumour"]])
    with pytest.raises(GeometryError, match=r"25 of its 100 voxels lie outside|.* of its 100 voxels lie outside"):
        read_mask(path, image[4:, :, :], label="tumour")
    other = sitk.Image(image)
    other.SetSpacing((1.0, 0.8, 2.0))
    with pytest.raises(GeometryError, match="are not those of the image"):
        read_mask(path, other, label="tumour")
    path = write(tmp_path / "f.seg.nrrd", image, (0, 0, 0), [["tumour"]], masterRepresentation="Fractional labelmap")
    with pytest.raises(MaskError, match="holds fractions"):
        open_mask(path, image)


def test_damaged_files_are_refused(tmp_path: Path, image: sitk.Image) -> None:
    path = write(tmp_path / "lesion.seg.nrrd", image, (0, 0, 0), [["tumour"]])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(ReadError):
        open_mask(path, image)
    path.write_bytes(whole.replace(b"sizes: 12 10 8", b"sizes: 120000 100000 8"))
    with pytest.raises(ReadError, match="claims 120000×100000×8 voxels"):
        open_mask(path, image)
    path.write_bytes(whole.replace(b"LabelValue:=1", b"LabelValue:=1\nSegment1_LabelValue:=1\nSegment1_Name:=copy"))
    with pytest.raises(MaskError, match="layer and the label value of another"):
        read_mask(path, image, label="tumour")
    path.write_bytes(whole.replace(b"LabelValue:=1", b"LabelValue:=0"))
    with pytest.raises(MaskError, match="label value 0, which is the background"):
        read_mask(path, image, label="tumour")

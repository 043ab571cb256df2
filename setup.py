"""Package list: the library, and three top-level folders that ship under names of our own."""

from setuptools import find_packages, setup

SHIPPED_AS = {
    "apps": "eventvision_apps",
    "models": "eventvision_models",
    "recordings": "eventvision_recordings",
}


def packages_of(folder: str, name: str) -> list[str]:
    return [name, *(f"{name}.{sub}" for sub in find_packages(folder))]


setup(
    packages=[
        *find_packages(include=["eventvision", "eventvision.*"]),
        *(package for folder, name in SHIPPED_AS.items() for package in packages_of(folder, name)),
    ],
    package_dir={name: folder for folder, name in SHIPPED_AS.items()},
    package_data={
        "eventvision": ["py.typed"],
        "eventvision.devices.fpga": ["rtl/*.sv", "harness.cpp"],
        "eventvision_apps.daemon.files": ["*"],
        "eventvision_apps.daemon.http.page": ["*.html", "*.css", "*.js", "*.svg"],
        "eventvision_models": ["**/*"],
        "eventvision_recordings": ["*"],
    },
    include_package_data=False,
)

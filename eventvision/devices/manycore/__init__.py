"""Networks on meshes of neuromorphic cores: cut into pieces, placed, and their traffic told."""

from ._layers import MeshLayer, layers_of, layers_of_card
from ._mesh import Mesh, load_mesh
from ._partition import Partition, naive_partition, packed_partition, roomy_partition
from ._pieces import Piece
from ._place import MeshPlacement, place, place_naively
from ._routes import finds_circle, link_loads, route, traffic_of
from ._traffic import Flows, flows_of

__all__ = [
    "Flows",
    "Mesh",
    "MeshLayer",
    "MeshPlacement",
    "Partition",
    "Piece",
    "finds_circle",
    "flows_of",
    "layers_of",
    "layers_of_card",
    "link_loads",
    "load_mesh",
    "naive_partition",
    "packed_partition",
    "place",
    "place_naively",
    "roomy_partition",
    "route",
    "traffic_of",
]

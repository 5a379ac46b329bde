from hashlib import sha256

import pytest

from contract.contents import blocks, digest


@pytest.mark.parametrize("size", [0, 1, 255, 2**16 - 1, 2**16, 2**16 + 1, 3 * 2**16 + 7])
def test_the_digest_of_a_file_is_that_of_its_content(size: int) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert b"".join(blocks(size)) == content
    assert digest(size) == sha256(content).hexdigest()

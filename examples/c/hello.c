/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdio.h>
#include <libvirt/libvirt.h>

/* Five bytes and a hole become a volume of 1 GiB that takes one block on the disk. */
int main(int argc, char **argv)
{
    virConnectPtr conn = virConnectOpen(argc > 1 ? argv[1] : "sparse:///session");
    virStoragePoolPtr pool = virStoragePoolCreateXML(conn, "<pool type='dir'><name>hello</name>"
        "<target><path>/tmp/hello-pool</path></target></pool>", VIR_STORAGE_POOL_CREATE_WITH_BUILD);
    virStorageVolPtr vol = virStorageVolCreateXML(pool, "<volume><name>disk.img</name>"
        "<capacity unit='GiB'>1</capacity><allocation>0</allocation></volume>", 0);
    virStreamPtr stream = virStreamNew(conn, 0);
    virStorageVolInfo info;

    int ok = virStorageVolUpload(vol, stream, 0, 0, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM) == 0
        && virStreamSend(stream, "hello", 5) == 5
        && virStreamSendHole(stream, (1 << 30) - 5, 0) == 0 && virStreamFinish(stream) == 0
        && virStorageVolGetInfo(vol, &info) == 0;
    if (ok) /* else the library has printed the error */
        printf("%llu bytes, %llu of them on the disk\n", info.capacity, info.allocation);
    virStorageVolDelete(vol, 0);
    virStoragePoolDestroy(pool);
    return !ok;
}

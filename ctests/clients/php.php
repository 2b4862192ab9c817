<?php
# Debian's libvirt extension for PHP loads on our library, and works.

function check($what, $ok)
{
    if (!$ok) {
        fwrite(STDERR, "$what: " . libvirt_get_last_error() . "\n");
        exit(1);
    }
}

$folder = getenv("TEST_DIR");
$uri = "sparse:///embed?root=$folder/root";

# Our library is loaded, and libvirt's is not.
$maps = file("/proc/self/maps", FILE_IGNORE_NEW_LINES);
check("not on our library", preg_grep("~" . preg_quote(realpath(getenv("LIBRARY")), "~") . "$~", $maps));
check("on libvirt's own", !preg_grep("~/libvirt\.so[^/]*$~", $maps));

$conn = libvirt_connect($uri, false, []);
check("connection", $conn !== false && libvirt_connect_get_uri($conn) === $uri);
[$major, $minor, $micro] = explode(".", trim(file_get_contents(__DIR__ . "/../../LIBVIRT_VERSION")));
check("version", libvirt_version()["libvirt.major"] == $major && libvirt_version()["libvirt.minor"] == $minor);
check("networks", libvirt_list_networks($conn) === []);

mkdir("$folder/pool");
$pool = libvirt_storagepool_define_xml($conn, "<pool type='dir'><name>p</name>"
    . "<target><path>$folder/pool</path></target></pool>", 0);
check("pool", $pool !== false && libvirt_storagepool_create($pool));
$vol = libvirt_storagevolume_create_xml($pool, "<volume><name>v</name><capacity>1048576</capacity>"
    . "<allocation>0</allocation></volume>");
check("volume", $vol !== false && libvirt_storagevolume_get_info($vol)["capacity"] == 1048576);
check("list", libvirt_storagepool_list_volumes($pool) === ["v"]);
check("no such pool", @libvirt_storagepool_lookup_by_name($conn, "q") === false
    && str_contains(libvirt_get_last_error(), "no storage pool with matching name 'q'"));

$domain = libvirt_domain_define_xml($conn, "<domain type='kvm'><name>d</name><memory>1024</memory>"
    . "<os><type>hvm</type></os><devices><disk type='file'><driver type='raw'/>"
    . "<source file='$folder/pool/v'/><target dev='vda'/></disk></devices></domain>");
check("domain", $domain !== false && libvirt_domain_create($domain) !== false);
check("active", libvirt_domain_is_active($domain));
check("size", libvirt_domain_get_block_info($domain, "vda")["capacity"] == 1048576);
check("end", libvirt_domain_destroy($domain) && libvirt_domain_undefine($domain));
check("deletion", libvirt_storagevolume_delete($vol) && libvirt_storagepool_destroy($pool));
echo "php: passed\n";

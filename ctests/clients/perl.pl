# Debian's Sys::Virt loads on our library, and works.
use strict;
use warnings;
use Cwd qw(realpath);
use File::Basename qw(dirname);
use Sys::Virt;

my $folder = $ENV{TEST_DIR};
my $uri = "sparse:///embed?root=$folder/root";

# It is ours, and libvirt's own is not there.
open(my $maps, "<", "/proc/self/maps") or die "maps: $!";
my @maps = <$maps>;
close($maps);
my $library = realpath($ENV{LIBRARY});
die "not on $library" unless grep { /\Q$library\E$/ } @maps;
die "on libvirt's own" if grep { m{/libvirt\.so[^/]*$} } @maps;

my $conn = Sys::Virt->new(uri => $uri);
open(my $version, "<", dirname(realpath($0)) . "/../../LIBVIRT_VERSION") or die "version: $!";
my ($major, $minor, $micro) = split(/\./, <$version>);
die "version" unless $conn->get_library_version() == $major * 1000000 + $minor * 1000 + $micro;
die $conn->get_type() unless $conn->get_type() eq "SPARSE" && $conn->get_uri() eq $uri;
mkdir "$folder/pool" or die "pool: $!";
my $pool = $conn->create_storage_pool(
    "<pool type='dir'><name>p</name><target><path>$folder/pool</path></target></pool>");
my $vol = $pool->create_volume(
    "<volume><name>v</name><capacity>1048576</capacity><allocation>0</allocation></volume>");
my $stream = $conn->new_stream();
$vol->upload($stream, 0, 0);
die "send" unless $stream->send("hello", 5) == 5;
$stream->finish();
open(my $file, "<", "$folder/pool/v") or die "v: $!";
read($file, my $data, 5);
close($file);
die "'$data'" unless $data eq "hello" && -s "$folder/pool/v" == 1048576;

eval { $conn->get_network_by_name("n") };
die "no error" unless ref($@) eq "Sys::Virt::Error";
die $@->message unless $@->code == Sys::Virt::Error::ERR_NO_NETWORK
    && $@->message =~ /no network with matching name 'n'$/;
eval { $conn->define_network("<network><name>n</name></network>") };
die "no error" unless ref($@) eq "Sys::Virt::Error";
die $@->message unless $@->code == Sys::Virt::Error::ERR_NO_SUPPORT
    && $@->message =~ /virNetworkDefineXML$/;

my $domain = $conn->define_domain(
    "<domain type='kvm'><name>d</name><memory>1024</memory><os><type>hvm</type></os></domain>");
die "memory" unless $domain->get_info()->{maxMem} == 1024;
die "saved" if $domain->has_managed_save_image();
my @stats = $conn->get_all_domain_stats(Sys::Virt::Domain::STATS_STATE);
die "stats" unless @stats == 1 && $stats[0]->{dom}->get_name() eq "d";
$domain->undefine();
$vol->delete();
$pool->destroy();
print "perl: passed\n";

# Debian's ruby-libvirt loads on our library, and works.
require "libvirt"

FOLDER = ENV.fetch("TEST_DIR")
URI = "sparse:///embed?root=#{FOLDER}/root"

def check(what, ok)
  raise what unless ok
end

# The block fails with this libvirt code, and a message that ends with the text.
def refused(code, text)
  yield
rescue Libvirt::Error => e
  check(e.libvirt_message, e.libvirt_code == code && e.libvirt_message.end_with?(text))
else
  raise "no error: #{text}"
end

# Our library is loaded, and libvirt's is not.
maps = File.readlines("/proc/self/maps", chomp: true)
check("not on our library", maps.any? { |line| line.end_with?(File.realpath(ENV.fetch("LIBRARY"))) })
check("on libvirt's own", maps.none? { |line| line.match?(%r{/libvirt\.so[^/]*\z}) })

conn = Libvirt.open(URI)
version = File.read(File.join(__dir__, "../../LIBVIRT_VERSION")).split(".").map(&:to_i)
check("version", conn.libversion == version[0] * 1_000_000 + version[1] * 1000 + version[2])
check("type", conn.type == "SPARSE" && conn.uri == URI)
%i[list_networks list_interfaces list_secrets list_nwfilters list_nodedevices].each do |list|
  check(list, conn.public_send(list).empty?)
end

Dir.mkdir("#{FOLDER}/pool")
pool = conn.create_storage_pool_xml(
  "<pool type='dir'><name>p</name><target><path>#{FOLDER}/pool</path></target></pool>")
vol = pool.create_vol_xml(
  "<volume><name>v</name><capacity>1048576</capacity><allocation>0</allocation></volume>")
stream = conn.stream
vol.upload(stream, 0, 0)
check("send", stream.send("hello") == 5)
stream.finish
check("data", File.binread("#{FOLDER}/pool/v", 5) == "hello" && File.size("#{FOLDER}/pool/v") == 1_048_576)
stream = conn.stream
vol.download(stream, 0, 5)
got = +""
stream.recvall(got) { |data, opaque| opaque << data; data.length }
stream.finish
check("received #{got}", got == "hello")

# VIR_ERR_NO_NETWORK, VIR_ERR_NO_SUPPORT and VIR_ERR_NO_STORAGE_POOL.
refused(43, "no network with matching name 'n'") { conn.lookup_network_by_name("n") }
refused(3, "virNetworkDefineXML") { conn.define_network_xml("<network><name>n</name></network>") }
refused(49, "no storage pool with matching name 'q'") { conn.lookup_storage_pool_by_name("q") }

domain = conn.define_domain_xml(<<~XML)
  <domain type='kvm'><name>d</name><memory>1024</memory><os><type>hvm</type></os>
  <devices><disk type='file'><driver type='raw'/><source file='#{FOLDER}/pool/v'/>
  <target dev='vda'/></disk></devices></domain>
XML
domain.create
check("active", domain.active? && domain.info.max_mem == 1024)
check("size", domain.blockinfo("vda").capacity == 1_048_576)
domain.destroy
domain.undefine
vol.delete
pool.destroy
conn.close
puts "ruby: passed"

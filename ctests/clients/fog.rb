# Debian's fog-libvirt, which Vagrant and Foreman use, runs on our library.
require "fog/libvirt"

FOLDER = ENV.fetch("TEST_DIR")
MIB = 1 << 20

def check(what, ok)
  raise what unless ok
end

def tool(*command)
  check(command.join(" "), system(*command, out: File::NULL))
end

maps = File.readlines("/proc/self/maps", chomp: true)
check("not on our library", maps.any? { |line| line.end_with?(File.realpath(ENV.fetch("LIBRARY"))) })

compute = Fog::Compute.new(provider: "libvirt", libvirt_uri: "sparse:///embed?root=#{FOLDER}/root")
Dir.mkdir("#{FOLDER}/pool")
pool = compute.pools.create(
  persistent: true, xml: "<pool type='dir'><name>p</name><target><path>#{FOLDER}/pool</path></target></pool>")
pool.start unless pool.active?
check("pool", compute.pools.all.map(&:name) == ["p"] && pool.reload.active?)

# An image with data at both ends goes up, and is the same file.
image = "#{FOLDER}/image"
File.open(image, "wb") do |file|
  file.write("begin" * 1000)
  file.truncate(8 * MIB)
  file.seek(-5, IO::SEEK_END)
  file.write("ended")
end
raw = compute.volumes.create(name: "raw", pool_name: "p", capacity: "8M", allocation: "0", format_type: "raw")
raw.upload_image(image)
tool("cmp", image, "#{FOLDER}/pool/raw")

# A volume over another, and a copy of one.
over = compute.volumes.create(name: "over", pool_name: "p", capacity: "8M", allocation: "0",
                              format_type: "qcow2", backing_volume: raw)
tool("qemu-img", "compare", "-f", "raw", "-F", "qcow2", image, "#{FOLDER}/pool/over")
compute.clone_volume("p", "<volume><name>copy</name><capacity>#{8 * MIB}</capacity></volume>", "raw")
tool("cmp", image, "#{FOLDER}/pool/copy")
volumes = compute.volumes.all.to_h { |volume| [volume.name, volume] }
check("volumes", volumes.keys.sort == %w[copy over raw])
check("formats", %w[raw over copy].map { |name| volumes[name].format_type } == %w[raw qcow2 raw])
volumes["copy"].destroy
check("destroyed", compute.volumes.all.map(&:name).sort == %w[over raw])

# A domain with that disk: the volume is in use while it runs.
server = compute.servers.create(name: "s", domain_type: "kvm", volumes: [volumes["over"]], nics: [])
check("defined", compute.servers.all.map(&:name) == ["s"] && !server.active?)
server.start
check("started", server.reload.active?)
begin
  volumes["over"].wipe
rescue Libvirt::Error => e
  check(e.libvirt_message, e.libvirt_message.include?("in use by domain 's'"))
else
  raise "a volume in use was wiped"
end
server.poweroff
check("stopped", !server.reload.active?)
server.destroy
check("gone", compute.servers.all.empty?)
puts "fog-libvirt #{Fog::Libvirt::VERSION} works"

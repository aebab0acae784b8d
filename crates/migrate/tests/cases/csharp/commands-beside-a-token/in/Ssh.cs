using Renci.SshNet;

class Ssh
{
    const string Zone = "curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone";

    void Id(SshClient client, HttpRequestMessage request)
    {
        request.Headers.Add("X-aws-ec2-metadata-token", "t");
        client.RunCommand("curl -s http://169.254.169.254/latest/meta-data/instance-id");
        new ProcessStartInfo("/bin/sh", "-c \"curl -s http://169.254.169.254/latest/meta-data/mac\"");
    }
}

import java.net.http.HttpRequest;

class Ssh {
    static final String ZONE = "curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone";

    void id(Channel channel, HttpRequest.Builder request) {
        request.header("X-aws-ec2-metadata-token", "t");
        channel.setCommand("curl -s http://169.254.169.254/latest/meta-data/instance-id");
        throw new IllegalStateException("curl http://169.254.169.254/latest/meta-data/ failed");
    }
}

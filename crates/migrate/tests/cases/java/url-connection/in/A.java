import java.net.*;
class A {
  String id() throws Exception {
    HttpURLConnection c = (HttpURLConnection) new URL("http://169.254.169.254/latest/meta-data/instance-id").openConnection();
    return new String(c.getInputStream().readAllBytes());
  }
}

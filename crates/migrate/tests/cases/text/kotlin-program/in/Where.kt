import java.net.URL

fun main() {
    val id = URL("http://169.254.169.254/latest/meta-data/instance-id").readText()
    Runtime.getRuntime().exec(arrayOf("sh", "-c", "curl -s http://169.254.169.254/latest/meta-data/ami-id"))
    println(id)
}

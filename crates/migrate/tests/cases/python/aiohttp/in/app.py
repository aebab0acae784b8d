import aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        async with session.get("http://169.254.169.254/latest/meta-data/instance-id") as r:
            return await r.text()

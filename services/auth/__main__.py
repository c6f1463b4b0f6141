"""python -m services.auth serve | work | migrate | config"""

from chassis.process import main
from services.auth.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
